//! Strings: an integer, a short text, or a buffer that was or may be changed in place.

use std::borrow::Cow;

use super::Kind;
use super::kind;
use super::listpack::Item;
use super::log::Log;
use super::number::parse_i64;

/// Up to this length Redis keeps a string beside its header, and says `embstr`.
const EMBEDDED_MAX_BYTES: usize = 44;
/// Up to this length undo keeps a copy rather than inverses.
const COMPACT_MAX_BYTES: usize = 64;
/// The bookkeeping of an allocation, as an estimate that is the same everywhere.
const ALLOCATION_BYTES: usize = 16;

/// A string value.
///
/// Once it was changed in place it is `Raw`, however short, as in Redis.
#[derive(Debug, Clone, Default)]
pub struct Str {
    form: Form,
    log: Log<Inverse>,
}

#[derive(Debug, Clone)]
enum Form {
    Int(i64),
    /// At most `EMBEDDED_MAX_BYTES`.
    Embedded(Box<[u8]>),
    Raw(Vec<u8>),
}

impl Default for Form {
    fn default() -> Form {
        Form::Embedded(Box::default())
    }
}

/// One change to a string, turned round.
#[derive(Debug)]
pub enum Inverse {
    /// Puts old bytes back at an offset and cuts to the old length.
    Patch {
        offset: usize,
        old: Box<[u8]>,
        old_len: usize,
    },
    /// Puts the whole old string back.
    Whole(Str),
}

impl From<Inverse> for super::Inverse {
    fn from(inverse: Inverse) -> super::Inverse {
        super::Inverse::String(inverse)
    }
}

impl From<i64> for Str {
    fn from(number: i64) -> Str {
        Str::of(Form::Int(number))
    }
}

impl Str {
    /// As SET keeps it: an integer where the bytes are exactly those of one.
    pub fn from_bytes(bytes: &[u8]) -> Str {
        match parse_i64(bytes) {
            Some(number) => Str::from(number),
            None => Str::text(bytes),
        }
    }

    /// As INCRBYFLOAT keeps its result: never an integer.
    pub fn text(bytes: &[u8]) -> Str {
        Str::of(if bytes.len() <= EMBEDDED_MAX_BYTES {
            Form::Embedded(bytes.into())
        } else {
            Form::Raw(bytes.to_vec())
        })
    }

    fn of(form: Form) -> Str {
        Str {
            form,
            log: Log::default(),
        }
    }

    /// The string without a copy: what looks like an integer is one.
    pub fn as_item(&self) -> Item<'_> {
        match &self.form {
            Form::Int(number) => Item::Int(*number),
            Form::Embedded(bytes) => Item::Bytes(bytes),
            Form::Raw(bytes) => Item::Bytes(bytes),
        }
    }

    pub fn as_bytes(&self) -> Cow<'_, [u8]> {
        self.as_item().to_bytes()
    }

    pub fn to_vec(&self) -> Vec<u8> {
        self.as_item().to_vec()
    }

    /// The integer that the string reads as.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_item().as_i64()
    }

    /// In bytes.
    pub fn len(&self) -> usize {
        self.as_item().len()
    }

    /// `int`, `embstr` or `raw`.
    pub fn encoding(&self) -> &'static str {
        match self.form {
            Form::Int(_) => "int",
            Form::Embedded(_) => "embstr",
            Form::Raw(_) => "raw",
        }
    }

    /// Puts another string in the place of this one, and keeps the record going.
    pub fn replace(&mut self, new: Str) {
        let old = std::mem::replace(&mut self.form, new.form);
        self.log.note(|| Inverse::Whole(Str::of(old)));
    }

    /// Cost: the bytes added.
    pub fn append(&mut self, bytes: &[u8]) {
        self.set_range(self.len(), bytes);
    }

    /// Writes over the string from an offset on; the gap up to an offset beyond the end is zeros.
    /// Cost: the bytes written and the gap.
    pub fn set_range(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        let (raw, log) = self.raw();
        log.note(|| Inverse::Patch {
            offset,
            old: raw[offset.min(raw.len())..end.min(raw.len())].into(),
            old_len: raw.len(),
        });
        if raw.len() < end {
            raw.resize(end, 0);
        }
        raw[offset..end].copy_from_slice(bytes);
    }

    fn raw(&mut self) -> (&mut Vec<u8>, &mut Log<Inverse>) {
        if !matches!(self.form, Form::Raw(_)) {
            self.form = Form::Raw(match std::mem::take(&mut self.form) {
                Form::Embedded(bytes) => bytes.into_vec(),
                Form::Int(number) => Item::Int(number).to_vec(),
                Form::Raw(bytes) => bytes,
            });
        }
        match &mut self.form {
            Form::Raw(bytes) => (bytes, &mut self.log),
            _ => unreachable!("the form was made raw above"),
        }
    }
}

impl Kind for Str {
    type Inverse = Inverse;

    kind!(String);

    fn is_empty(&self) -> bool {
        false
    }

    fn size_bytes(&self) -> usize {
        match &self.form {
            Form::Int(_) => 0,
            Form::Embedded(bytes) => bytes.len() + ALLOCATION_BYTES,
            Form::Raw(bytes) => bytes.len() + ALLOCATION_BYTES,
        }
    }

    fn is_compact(&self) -> bool {
        match &self.form {
            Form::Int(_) | Form::Embedded(_) => true,
            Form::Raw(bytes) => bytes.len() <= COMPACT_MAX_BYTES,
        }
    }

    fn record(&mut self) {
        self.log.start();
    }

    fn recorded(&mut self) -> Vec<Inverse> {
        self.log.finish()
    }

    fn undo(&mut self, inverse: Inverse) {
        match inverse {
            Inverse::Whole(old) => self.form = old.form,
            Inverse::Patch {
                offset,
                old,
                old_len,
            } => {
                let (raw, _) = self.raw();
                raw.truncate(old_len);
                raw[offset.min(old_len)..][..old.len()].copy_from_slice(&old);
            }
        }
    }
}
