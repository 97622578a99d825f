//! A file, key by key.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::decode::{Decoded, read_value};
use super::wire::{Broken, Input};
use super::{Entry, LAST_VERSION, LoadError, crc64, foreign, opcode};
use crate::types::Limits;

const MAGIC: &[u8] = b"REDIS";
/// Files of older versions end without a checksum.
const FIRST_VERSION_WITH_CHECKSUM: u32 = 5;

/// Walks the keys of a file.
///
/// Keys whose deadline has passed are among them, since there is no clock here. After an error that
/// `is_skipped` the walk goes on; any other is the last item, and so is a checksum that is wrong, so
/// that a caller who must not load a damaged file waits for the end.
#[derive(Debug)]
pub struct Reader<'a> {
    input: Input<'a>,
    limits: Limits,
    version: u32,
    db: u32,
    /// Of the key that comes next.
    deadline_ms: Option<i64>,
    aux: Vec<Aux>,
    functions: Vec<Box<[u8]>>,
    is_done: bool,
}

/// Something that the file says about itself.
#[derive(Debug)]
struct Aux {
    name: Box<[u8]>,
    value: Box<[u8]>,
}

/// What a part of the file was.
enum Part {
    /// About the file, or about the next key.
    Note,
    Entry(Entry),
    End,
}

impl<'a> Reader<'a> {
    /// Looks at the head of a file. Values get the forms that `limits` say.
    #[inline(never)]
    pub fn new(bytes: &'a [u8], limits: &Limits) -> Result<Reader<'a>, LoadError> {
        let mut input = Input::new(bytes);
        let head: [u8; 9] = input.array().map_err(|_| LoadError::NotRdb)?;
        let version = head
            .strip_prefix(MAGIC)
            .and_then(|digits| core::str::from_utf8(digits).ok()?.parse().ok())
            .ok_or(LoadError::NotRdb)?;
        if !(1..=LAST_VERSION).contains(&version) {
            return Err(LoadError::UnknownVersion(version));
        }
        Ok(Reader {
            input,
            limits: *limits,
            version,
            db: 0,
            deadline_ms: None,
            aux: Vec::new(),
            functions: Vec::new(),
            is_done: false,
        })
    }

    pub fn version(&self) -> u32 {
        self.version
    }

    /// What the file says about itself, as far as it was read: all of it comes before the keys.
    pub fn aux(&self, name: &str) -> Option<&[u8]> {
        let mut all = self.aux.iter();
        let aux = all.find(|aux| *aux.name == *name.as_bytes())?;
        Some(&aux.value)
    }

    /// The sources of the libraries of functions, as far as they were read.
    pub fn functions(&self) -> &[Box<[u8]>] {
        &self.functions
    }

    /// What follows the file, once the walk is over: an AOF may begin with an RDB file.
    pub fn rest(&self) -> &'a [u8] {
        self.input.rest()
    }

    fn read_part(&mut self) -> Result<Part, LoadError> {
        let code = self.broken_at(None, Input::u8)?;
        match code {
            opcode::END => self.read_end(),
            opcode::MODULE_AUX => {
                let module = self.broken_at(None, foreign::skip_module_state)?;
                Err(LoadError::ModuleState { module })
            }
            opcode::SLOT_INFO..=opcode::SELECT => {
                let read = self.read_note(code);
                read.map_err(|broken| LoadError::at(self.input.at(), None, broken))?;
                Ok(Part::Note)
            }
            code => self.read_key(code),
        }
    }

    fn read_note(&mut self, code: u8) -> Result<(), Broken> {
        let input = &mut self.input;
        match code {
            opcode::AUX => {
                let name = input.string()?.into();
                let value = input.string()?.into();
                self.aux.push(Aux { name, value });
            }
            opcode::FUNCTION => self.functions.push(input.string()?.into()),
            opcode::SELECT => {
                let db = u32::try_from(input.length()?);
                self.db = db.map_err(|_| Broken::Malformed("an impossible database"))?;
            }
            opcode::DEADLINE_MS => self.deadline_ms = Some(i64::from_le_bytes(input.array()?)),
            opcode::DEADLINE_S => {
                self.deadline_ms = Some(i64::from(i32::from_le_bytes(input.array()?)) * 1000);
            }
            opcode::IDLE => drop(input.length()?),
            opcode::FREQUENCY => drop(input.u8()?),
            opcode::RESIZE => {
                let _keys = input.length()?;
                let _deadlines = input.length()?;
            }
            opcode::SLOT_INFO => {
                let _slot = input.length()?;
                let _keys = input.length()?;
                let _deadlines = input.length()?;
            }
            opcode::FUNCTION_OF_CANDIDATE => {
                return Err(Broken::Malformed("functions of a candidate of Redis 7.0"));
            }
            _ => unreachable!("the caller knows the opcodes"),
        }
        Ok(())
    }

    fn read_key(&mut self, code: u8) -> Result<Part, LoadError> {
        let deadline_ms = self.deadline_ms.take();
        let key: Box<[u8]> = self.broken_at(None, Input::string)?.into();
        let limits = self.limits;
        let value = match self.broken_at(Some(&key), |input| read_value(code, input, &limits))? {
            Decoded::Value(value) => value,
            Decoded::Empty => return Ok(Part::Note),
            Decoded::OtherType => return Err(self.other_type(code, key)),
        };
        Ok(Part::Entry(Entry {
            db: self.db,
            key,
            value,
            deadline_ms,
        }))
    }

    /// Skips a value that is none of ours, if it can be skipped.
    fn other_type(&mut self, code: u8, key: Box<[u8]>) -> LoadError {
        match self.broken_at(Some(&key), |input| foreign::skip(code, input)) {
            Ok(Some(foreign)) => LoadError::Unsupported {
                key,
                what: foreign.what,
                is_skipped: foreign.is_skipped,
            },
            Ok(None) => LoadError::UnknownType { code, key },
            Err(error) => error,
        }
    }

    fn read_end(&mut self) -> Result<Part, LoadError> {
        if self.version < FIRST_VERSION_WITH_CHECKSUM {
            return Ok(Part::End);
        }
        let computed = crc64(0, self.input.before());
        let stored = u64::from_le_bytes(self.broken_at(None, Input::array)?);
        if stored != 0 && stored != computed {
            return Err(LoadError::Checksum { stored, computed });
        }
        Ok(Part::End)
    }

    fn broken_at<T>(
        &mut self,
        key: Option<&[u8]>,
        read: impl FnOnce(&mut Input<'a>) -> Result<T, Broken>,
    ) -> Result<T, LoadError> {
        let read = read(&mut self.input);
        read.map_err(|broken| LoadError::at(self.input.at(), key, broken))
    }
}

impl Iterator for Reader<'_> {
    type Item = Result<Entry, LoadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_done {
            match self.read_part() {
                Ok(Part::Note) => {}
                Ok(Part::Entry(entry)) => return Some(Ok(entry)),
                Ok(Part::End) => self.is_done = true,
                Err(error) => {
                    self.is_done = !error.is_skipped();
                    return Some(Err(error));
                }
            }
        }
        None
    }
}
