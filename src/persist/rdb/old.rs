//! Packed layouts that only old files hold: zipmap (hashes before 2.6), ziplist (before 7.0).
//!
//! ```text
//! ziplist  bytes u32 LE | offset of the last entry u32 LE | entries u16 LE | entry ... | 0xff
//! entry    length of the entry before: u8 below 254, or 254 and u32 LE
//!          00LLLLLL                      a string of L bytes
//!          01LLLLLL LLLLLLLL             the same, the high bits first
//!          10000000 L u32 BE             the same
//!          11000000 i16 LE, 11010000 i32 LE, 11100000 i64 LE, 11110000 i24 LE, 11111110 i8
//!          1111NNNN                      the number N - 1, N from 1 to 13
//!
//! zipmap   entries u8, 254 for more | (length key | length free u8 value unused ...) ... | 0xff
//! length   u8 below 254, or 254 and u32 LE
//! ```
//!
//! Both are walked once, front to back, so the fields that point backwards are not looked at.

use super::wire::{Broken, Input, ensure};
use crate::types::Item;

const END: u8 = 0xff;
const WIDE: u8 = 0xfe;
/// A ziplist with more entries does not count them.
const UNCOUNTED: u16 = u16::MAX;

const BAD_ZIPLIST: Broken = Broken::Malformed("a bad ziplist");
const BAD_ZIPMAP: Broken = Broken::Malformed("a bad zipmap");

/// Hands every entry of a ziplist to `each`.
pub fn walk_ziplist(
    bytes: &[u8],
    mut each: impl FnMut(Item<'_>) -> Result<(), Broken>,
) -> Result<(), Broken> {
    let mut input = Input::new(bytes);
    let claimed_bytes = u32::from_le_bytes(input.array()?);
    let _last_entry: [u8; 4] = input.array()?;
    let claimed_entries = u16::from_le_bytes(input.array()?);
    ensure(claimed_bytes as usize == bytes.len(), BAD_ZIPLIST)?;
    let mut entries = 0_usize;
    while input.rest() != [END] {
        if input.u8()? == WIDE {
            let _entry_before: [u8; 4] = input.array()?;
        }
        each(ziplist_item(&mut input)?)?;
        entries += 1;
    }
    let is_counted = claimed_entries != UNCOUNTED;
    ensure(
        !is_counted || usize::from(claimed_entries) == entries,
        BAD_ZIPLIST,
    )
}

fn ziplist_item<'a>(input: &mut Input<'a>) -> Result<Item<'a>, Broken> {
    let first = input.u8()?;
    let length = match first >> 6 {
        0 => u64::from(first),
        1 => u64::from(first & 0x3f) << 8 | u64::from(input.u8()?),
        2 => u64::from(u32::from_be_bytes(input.array()?)),
        _ => return Ok(Item::Int(ziplist_number(first, input)?)),
    };
    Ok(Item::Bytes(input.take(length)?))
}

fn ziplist_number(first: u8, input: &mut Input<'_>) -> Result<i64, Broken> {
    Ok(match first {
        0xc0 => i64::from(i16::from_le_bytes(input.array()?)),
        0xd0 => i64::from(i32::from_le_bytes(input.array()?)),
        0xe0 => i64::from_le_bytes(input.array()?),
        0xf0 => {
            let [low, middle, high] = input.array()?;
            // Shifted down from the top, so that the sign comes along.
            i64::from(i32::from_le_bytes([0, low, middle, high]) >> 8)
        }
        0xfe => i64::from(i8::from_le_bytes(input.array()?)),
        0xf1..=0xfd => i64::from(first & 0x0f) - 1,
        _ => return Err(BAD_ZIPLIST),
    })
}

/// Hands every key and value of a zipmap to `each`.
pub fn walk_zipmap(
    bytes: &[u8],
    mut each: impl FnMut(&[u8], &[u8]) -> Result<(), Broken>,
) -> Result<(), Broken> {
    let mut input = Input::new(bytes);
    let claimed_entries = input.u8()?;
    let mut entries = 0_usize;
    while input.rest() != [END] {
        let length = zipmap_length(&mut input)?;
        let key = input.take(length)?;
        let length = zipmap_length(&mut input)?;
        let free = input.u8()?;
        let value = input.take(length)?;
        input.take(u64::from(free))?;
        each(key, value)?;
        entries += 1;
    }
    let is_counted = claimed_entries < WIDE;
    ensure(
        !is_counted || usize::from(claimed_entries) == entries,
        BAD_ZIPMAP,
    )
}

fn zipmap_length(input: &mut Input<'_>) -> Result<u64, Broken> {
    match input.u8()? {
        END => Err(BAD_ZIPMAP),
        WIDE => Ok(u64::from(u32::from_le_bytes(input.array()?))),
        length => Ok(u64::from(length)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ziplist(entries: u16, body: &[u8]) -> Vec<u8> {
        let length = (10 + body.len() + 1) as u32;
        let header = [&length.to_le_bytes()[..], &[0; 4], &entries.to_le_bytes()].concat();
        [&header, body, &[END]].concat()
    }

    fn items(bytes: &[u8]) -> Result<Vec<String>, Broken> {
        let mut items = Vec::new();
        walk_ziplist(bytes, |item| {
            items.push(match item {
                Item::Int(number) => number.to_string(),
                Item::Bytes(bytes) => bytes.escape_ascii().to_string(),
            });
            Ok(())
        })?;
        Ok(items)
    }

    #[test]
    fn every_form_of_ziplist_entry_is_read() {
        let body = [
            &b"\x00\x02ab"[..],
            b"\x04\x40\x03abc",
            b"\x06\x80\x00\x00\x00\x01z",
            b"\x07\xc0\xff\xff",
            b"\x04\xd0\x00\x00\x00\x80",
            b"\x06\xe0\xff\xff\xff\xff\xff\xff\xff\x7f",
            b"\xfe\x0a\x00\x00\x00\xf0\x00\x00\x80",
            b"\x08\xfe\x80",
            b"\x03\xf1",
            b"\x02\xfd",
        ]
        .concat();
        let expected = [
            "ab",
            "abc",
            "z",
            "-1",
            "-2147483648",
            "9223372036854775807",
            "-8388608",
            "-128",
            "0",
            "12",
        ];
        assert_eq!(items(&ziplist(10, &body)).unwrap(), expected);
        assert_eq!(items(&ziplist(UNCOUNTED, &body)).unwrap(), expected);
        assert_eq!(items(&ziplist(9, &body)), Err(BAD_ZIPLIST));
    }

    #[test]
    fn a_zipmap_is_read_with_its_gaps() {
        let long = vec![b'v'; 300];
        let bytes = [
            &b"\x02\x01a\x02\x03bcxxx\x03key\xfe\x2c\x01\x00\x00\x00"[..],
            &long,
            b"\xff",
        ]
        .concat();
        let mut pairs = Vec::new();
        walk_zipmap(&bytes, |key, value| {
            pairs.push((key.to_vec(), value.to_vec()));
            Ok(())
        })
        .unwrap();
        assert_eq!(
            pairs,
            [(b"a".to_vec(), b"bc".to_vec()), (b"key".to_vec(), long)]
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_walk_panic(body in prop::collection::vec(any::<u8>(), 0..60), entries: u16) {
            let _ = items(&ziplist(entries, &body));
            let _ = items(&body);
            let _ = walk_zipmap(&body, |_, _| Ok(()));
        }
    }
}
