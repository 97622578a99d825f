//! Values that we cannot hold yet, walked so that the keys behind them can be read.
//!
//! ```text
//! stream   nodes, (id string, listpack string) ...
//!          entries | last id | 19 and later: first id, greatest deleted id, entries added
//!          groups, (name | last id | 19 and later: entries read
//!                   pending, (id 16 bytes | delivered ms i64 | deliveries) ...
//!                   consumers, (name | seen ms i64 | 21: active ms i64
//!                               pending, (id 16 bytes) ...) ...) ...
//!          an id is two lengths, unless it says otherwise
//!
//! module   id, then values until 0: 1 or 2 and a length, 3 and f32, 4 and f64, 5 and a string
//! ```

use alloc::string::String;

use super::code;
use super::wire::{Broken, Input};

const RAW_ID_BYTES: u64 = 16;
const TIME_BYTES: u64 = 8;

/// What cannot be held, and whether it was walked to its end.
pub struct Foreign {
    pub what: &'static str,
    pub is_skipped: bool,
}

/// Walks over a value of a type that is known, but not to us; `None` for any other.
pub fn skip(code: u8, input: &mut Input<'_>) -> Result<Option<Foreign>, Broken> {
    let (what, is_skipped) = match code {
        code::STREAM_1 | code::STREAM_2 | code::STREAM_3 => {
            skip_stream(code, input)?;
            ("a stream", true)
        }
        code::MODULE_2 => {
            let _id = input.length()?;
            skip_module_values(input)?;
            ("a value of a module", true)
        }
        code::MODULE_1 => ("a value of a module", false),
        code::HASH_WITH_DEADLINES_FIRST..=code::HASH_WITH_DEADLINES_LAST => {
            ("a hash whose fields have deadlines", false)
        }
        code => match left_out(code) {
            Some(what) => (what, false),
            None => return Ok(None),
        },
    };
    Ok(Some(Foreign { what, is_skipped }))
}

/// What a value is that the full build holds, and this one, made without its family, does not.
fn left_out(code: u8) -> Option<&'static str> {
    match code {
        code::LIST | code::LIST_ZIPLIST | code::LIST_OF_ZIPLISTS | code::LIST_OF_LISTPACKS => {
            Some("a list (this is a build without them)")
        }
        code::SET | code::SET_INTSET | code::SET_LISTPACK => {
            Some("a set (this is a build without them)")
        }
        code::ZSET | code::ZSET_OF_TEXT | code::ZSET_ZIPLIST | code::ZSET_LISTPACK => {
            Some("a sorted set (this is a build without them)")
        }
        code::HASH_ZIPMAP | code::HASH_ZIPLIST => {
            Some("a hash as Redis before 7 wrote it (this is a build without them)")
        }
        _ => None,
    }
}

/// Walks over what a module keeps beside the keys, and says the module's name.
pub fn skip_module_state(input: &mut Input<'_>) -> Result<String, Broken> {
    let id = input.length()?;
    // When it is to be loaded: before or after the keys.
    skip_lengths(2, input)?;
    skip_module_values(input)?;
    Ok(module_name(id))
}

fn skip_stream(code: u8, input: &mut Input<'_>) -> Result<(), Broken> {
    for _ in 0..input.length()? {
        input.string()?;
        input.string()?;
    }
    skip_lengths(if code == code::STREAM_1 { 3 } else { 8 }, input)?;
    for _ in 0..input.length()? {
        skip_group(code, input)?;
    }
    Ok(())
}

fn skip_group(code: u8, input: &mut Input<'_>) -> Result<(), Broken> {
    input.string()?;
    skip_lengths(if code == code::STREAM_1 { 2 } else { 3 }, input)?;
    for _ in 0..input.length()? {
        input.take(RAW_ID_BYTES + TIME_BYTES)?;
        input.length()?;
    }
    let times = if code == code::STREAM_3 { 2 } else { 1 };
    for _ in 0..input.length()? {
        input.string()?;
        input.take(times * TIME_BYTES)?;
        for _ in 0..input.length()? {
            input.take(RAW_ID_BYTES)?;
        }
    }
    Ok(())
}

fn skip_lengths(count: usize, input: &mut Input<'_>) -> Result<(), Broken> {
    (0..count).try_for_each(|_| input.length().map(drop))
}

fn skip_module_values(input: &mut Input<'_>) -> Result<(), Broken> {
    loop {
        match input.length()? {
            0 => return Ok(()),
            1 | 2 => drop(input.length()?),
            3 => drop(input.take(4)?),
            4 => drop(input.take(8)?),
            5 => drop(input.string()?),
            _ => return Err(Broken::Malformed("an unknown value of a module")),
        }
    }
}

/// Nine letters of six bits, the first in the highest; the ten lowest bits are a version.
fn module_name(id: u64) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let letter = |place: u32| char::from(LETTERS[(id >> (10 + 6 * place)) as usize & 63]);
    (0..9).rev().map(letter).collect()
}
