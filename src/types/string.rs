//! Strings: an integer, a short text, or a buffer that was or may be changed in place.
//!
//! `Text` is a string as it is read, wherever its bytes lie; `Str` is one that is owned and can be
//! changed.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;

use super::buffer::ALLOCATION_BYTES;
use super::kind;
use super::listpack::Item;
use super::log::{Log, NOT_RECORDING};
use super::number::parse_i64;
use super::{Inverses, Kind};

/// Up to this length Redis keeps a string beside its header, and says `embstr`.
const EMBEDDED_MAX_BYTES: usize = 44;
/// Up to this length undo keeps a copy rather than inverses.
const COMPACT_MAX_BYTES: usize = 64;

/// A string as it is read: a view that costs nothing to copy.
#[derive(Debug, Clone, Copy)]
pub enum Text<'a> {
    Int(i64),
    /// At most `EMBEDDED_MAX_BYTES`.
    Embedded(&'a [u8]),
    Raw(&'a [u8]),
}

impl<'a> Text<'a> {
    /// As SET keeps it: an integer where the bytes are exactly those of one.
    pub fn of(bytes: &'a [u8]) -> Text<'a> {
        match parse_i64(bytes) {
            Some(number) => Text::Int(number),
            None => Text::plain(bytes),
        }
    }

    /// Whether bytes begin as an integer does: few others do.
    #[inline(always)]
    pub fn may_be_int(bytes: &[u8]) -> bool {
        matches!(bytes, [b'0'..=b'9' | b'-', ..])
    }

    /// As INCRBYFLOAT keeps its result: never an integer.
    #[inline]
    pub fn plain(bytes: &'a [u8]) -> Text<'a> {
        if bytes.len() <= EMBEDDED_MAX_BYTES {
            Text::Embedded(bytes)
        } else {
            Text::Raw(bytes)
        }
    }

    /// The string without a copy: what looks like an integer is one.
    #[inline]
    pub fn as_item(self) -> Item<'a> {
        match self {
            Text::Int(number) => Item::Int(number),
            Text::Embedded(bytes) | Text::Raw(bytes) => Item::Bytes(bytes),
        }
    }

    pub fn as_bytes(self) -> Cow<'a, [u8]> {
        self.as_item().to_bytes()
    }

    pub fn to_vec(self) -> Vec<u8> {
        self.as_item().to_vec()
    }

    /// The integer that the string reads as.
    pub fn as_i64(self) -> Option<i64> {
        self.as_item().as_i64()
    }

    /// In bytes.
    pub fn len(self) -> usize {
        self.as_item().len()
    }

    /// `int`, `embstr` or `raw`.
    pub fn encoding(self) -> &'static str {
        match self {
            Text::Int(_) => "int",
            Text::Embedded(_) => "embstr",
            Text::Raw(_) => "raw",
        }
    }

    /// Heap bytes by contents and form. O(1).
    pub fn size_bytes(self) -> usize {
        match self {
            Text::Int(_) => 0,
            Text::Embedded(bytes) | Text::Raw(bytes) => bytes.len() + ALLOCATION_BYTES,
        }
    }
}

/// A string value.
///
/// Once it was changed in place it is `Raw`, however short, as in Redis.
#[derive(Debug, Clone, Default)]
pub struct Str(Form);

#[derive(Debug, Clone)]
enum Form {
    Int(Number),
    /// At most `EMBEDDED_MAX_BYTES`.
    Embedded(Box<[u8]>),
    Raw(Vec<u8>),
    /// While changes are noted.
    Recording(Box<Recording>),
}

/// An integer that may lie anywhere, so that it makes no slot of a value larger.
#[derive(Debug, Clone, Copy)]
struct Number([u8; 8]);

#[derive(Debug, Clone)]
struct Recording {
    /// Not this one again.
    form: Form,
    log: Log,
}

impl Number {
    fn of(number: i64) -> Number {
        Number(number.to_ne_bytes())
    }

    fn get(self) -> i64 {
        i64::from_ne_bytes(self.0)
    }
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
        Str(Form::Int(Number::of(number)))
    }
}

impl From<Text<'_>> for Str {
    fn from(text: Text<'_>) -> Str {
        Str(match text {
            Text::Int(number) => Form::Int(Number::of(number)),
            Text::Embedded(bytes) => Form::Embedded(bytes.into()),
            Text::Raw(bytes) => Form::Raw(bytes.to_vec()),
        })
    }
}

impl Str {
    /// As SET keeps it: an integer where the bytes are exactly those of one.
    pub fn from_bytes(bytes: &[u8]) -> Str {
        Str::from(Text::of(bytes))
    }

    /// As INCRBYFLOAT keeps its result: never an integer.
    pub fn text(bytes: &[u8]) -> Str {
        Str::from(Text::plain(bytes))
    }

    pub fn view(&self) -> Text<'_> {
        self.0.view()
    }

    pub fn as_bytes(&self) -> Cow<'_, [u8]> {
        self.view().as_bytes()
    }

    pub fn to_vec(&self) -> Vec<u8> {
        self.view().to_vec()
    }

    /// The integer that the string reads as.
    pub fn as_i64(&self) -> Option<i64> {
        self.view().as_i64()
    }

    /// In bytes.
    pub fn len(&self) -> usize {
        self.view().len()
    }

    /// `int`, `embstr` or `raw`.
    pub fn encoding(&self) -> &'static str {
        self.view().encoding()
    }

    /// Puts another string in the place of this one, and keeps the record going.
    pub fn replace(&mut self, new: Str) {
        let (form, log) = self.parts();
        let old = core::mem::replace(form, new.0);
        if let Some(log) = log {
            log.note(|| Inverse::Whole(Str(old)));
        }
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
        if let Some(log) = log {
            log.note(|| Inverse::Patch {
                offset,
                old: raw[offset.min(raw.len())..end.min(raw.len())].into(),
                old_len: raw.len(),
            });
        }
        if raw.len() < end {
            raw.resize(end, 0);
        }
        raw[offset..end].copy_from_slice(bytes);
    }

    /// A string grows when it is changed, not while it is made.
    pub(super) fn fit(&mut self) {}

    /// What is kept, and the log if changes are noted.
    fn parts(&mut self) -> (&mut Form, Option<&mut Log>) {
        match &mut self.0 {
            Form::Recording(recording) => (&mut recording.form, Some(&mut recording.log)),
            form => (form, None),
        }
    }

    fn raw(&mut self) -> (&mut Vec<u8>, Option<&mut Log>) {
        let (form, log) = self.parts();
        if !matches!(form, Form::Raw(_)) {
            *form = Form::Raw(match core::mem::take(form) {
                Form::Embedded(bytes) => bytes.into_vec(),
                other => other.view().to_vec(),
            });
        }
        match form {
            Form::Raw(bytes) => (bytes, log),
            _ => unreachable!("the form was made raw above"),
        }
    }
}

impl Form {
    fn view(&self) -> Text<'_> {
        match self {
            Form::Int(number) => Text::Int(number.get()),
            Form::Embedded(bytes) => Text::Embedded(bytes),
            Form::Raw(bytes) => Text::Raw(bytes),
            Form::Recording(recording) => recording.form.view(),
        }
    }
}

impl Kind for Str {
    type View<'a> = Text<'a>;

    kind!(String);

    fn is_empty(&self) -> bool {
        false
    }

    fn size_bytes(&self) -> usize {
        self.view().size_bytes()
    }

    fn is_compact(&self) -> bool {
        match self.view() {
            Text::Int(_) | Text::Embedded(_) => true,
            Text::Raw(bytes) => bytes.len() <= COMPACT_MAX_BYTES,
        }
    }

    fn record(&mut self) {
        let (form, mut log) = (core::mem::take(&mut self.0), Log::default());
        log.start(Inverses::default());
        self.0 = Form::Recording(Box::new(Recording { form, log }));
    }

    fn recorded(&mut self) -> Inverses {
        let Form::Recording(recording) = &mut self.0 else {
            panic!("{NOT_RECORDING}");
        };
        let noted = recording.log.finish();
        self.0 = core::mem::take(&mut recording.form);
        noted
    }

    fn undo(&mut self, inverse: super::Inverse) {
        let super::Inverse::String(inverse) = inverse else {
            panic!("undo of another kind on a string");
        };
        match inverse {
            Inverse::Whole(old) => *self = old,
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
