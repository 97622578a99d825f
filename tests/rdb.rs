//! RDB without a Redis beside it: what was written is read, what was damaged is refused.

mod support;

use std::fs;

use nookdb::persist::rdb::{
    About, Entry, LoadError, Reader, RestoreError, Target, Writer, crc64, dump, restore,
};
use nookdb::types::{Hash, Item, Limits, List, Score, Set, Side, Str, Value, ZSet};
use proptest::prelude::*;
use support::values::{any_value, contents, noise};

const ABOUT: About = About {
    created_s: 1_700_000_000,
    used_memory_bytes: 1 << 20,
};
const TARGETS: [Target; 3] = [Target::Redis70, Target::Redis72, Target::Redis74];

fn read(file: &[u8]) -> Result<Vec<Entry>, LoadError> {
    Reader::new(file, &Limits::default())?.collect()
}

fn write(entries: &[Entry], target: Target) -> Vec<u8> {
    let mut writer = Writer::new(target, ABOUT);
    for entry in entries {
        writer.entry(entry.db, &entry.key, &entry.value, entry.deadline_ms);
    }
    writer.finish()
}

fn entry(key: &str, value: Value) -> Entry {
    Entry {
        db: 0,
        key: key.as_bytes().into(),
        value,
        deadline_ms: None,
    }
}

fn text(bytes: &[u8]) -> Value {
    Value::String(Str::from_bytes(bytes))
}

/// What must be equal of two entries.
#[derive(Debug, PartialEq)]
struct Facts<'e> {
    db: u32,
    key: &'e [u8],
    type_name: &'static str,
    encoding: &'static str,
    contents: Vec<Vec<u8>>,
    deadline_ms: Option<i64>,
}

fn facts(entry: &Entry) -> Facts<'_> {
    Facts {
        db: entry.db,
        key: &entry.key,
        type_name: entry.value.type_name(),
        encoding: entry.value.encoding(),
        contents: contents(&entry.value),
        deadline_ms: entry.deadline_ms,
    }
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let key = prop::collection::vec(any::<u8>(), 0..30);
    (0u32..3, key, any_value(), any::<Option<i64>>()).prop_map(|(db, key, value, deadline_ms)| {
        Entry {
            db,
            key: key.into(),
            value,
            deadline_ms,
        }
    })
}

/// A key of every kind and form. The files in `tests/fixtures/rdb` hold just this: nookdb's were
/// written by `write` for each target, Redis's by redis-server 7.0.15 with SAVE.
fn kept_entries() -> Vec<Entry> {
    let limits = Limits::default();
    let words: Vec<Vec<u8>> = (0..200).map(|n| format!("word:{n}").into_bytes()).collect();
    let bytes = |item: &'static str| item.as_bytes();
    let list = |elements: &[&[u8]]| {
        let mut list = List::default();
        list.push(Side::Right, elements.iter().copied(), &limits);
        Value::List(list)
    };
    let set = |members: &[&str]| {
        let members = members.iter().map(|member| Item::Bytes(member.as_bytes()));
        Value::Set(Set::from_members(members, &limits))
    };
    let score = |score: f64| Score::new(score).unwrap();
    let scored = words
        .iter()
        .zip(0..)
        .map(|(word, n)| (word, score(f64::from(n) / 8.0)));
    let small = [
        (bytes("low"), score(f64::NEG_INFINITY)),
        (bytes("a"), score(2.5)),
    ];
    let word_pairs = words.iter().map(|word| (&word[..], &word[5..]));
    let word_items = words.iter().map(|word| Item::Bytes(word));
    let mut entries = vec![
        entry("string", text(b"a text")),
        entry("string:int", text(b"-70000")),
        entry("string:long", text(&b"all work and no play ".repeat(20))),
        entry("string:noise", text(&noise(100))),
        entry("list", list(&[b"a", b"12", b"", b"9223372036854775807"])),
        entry("list:nodes", list(&[&noise(9000), b"a", &noise(9000)])),
        entry("set:int", set(&["1", "-70000", "9223372036854775807"])),
        entry("set", set(&["a", "12", ""])),
        entry(
            "set:table",
            Value::Set(Set::from_members(word_items, &limits)),
        ),
        entry(
            "hash",
            Value::Hash(Hash::from_pairs([(bytes("f"), bytes("1"))], &limits)),
        ),
        entry(
            "hash:table",
            Value::Hash(Hash::from_pairs(word_pairs, &limits)),
        ),
        entry(
            "zset",
            Value::ZSet(ZSet::from_pairs(small, &limits).unwrap()),
        ),
        entry(
            "zset:table",
            Value::ZSet(ZSet::from_pairs(scored, &limits).unwrap()),
        ),
        entry("deadline", text(b"until 2100")),
        entry("elsewhere", text(b"in database 3")),
    ];
    entries[13].deadline_ms = Some(4_102_444_800_123);
    entries[14].db = 3;
    entries
}

#[test]
fn every_kept_file_still_opens() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/rdb");
    let files = fs::read_dir(directory)
        .unwrap()
        .map(|file| file.unwrap().path());
    let mut opened = 0;
    for path in files {
        let mut kept = read(&fs::read(&path).unwrap()).unwrap();
        let mut expected = kept_entries();
        // Redis writes its keys in the order of its own table.
        kept.sort_by(|one, two| one.key.cmp(&two.key));
        expected.sort_by(|one, two| one.key.cmp(&two.key));
        let kept: Vec<_> = kept.iter().map(facts).collect();
        let expected: Vec<_> = expected.iter().map(facts).collect();
        assert_eq!(kept, expected, "{}", path.display());
        opened += 1;
    }
    assert_eq!(opened, 4);
}

#[test]
fn a_file_says_what_it_is() {
    let mut writer = Writer::new(Target::Redis72, ABOUT);
    writer.aux("nookdb-note", b"17");
    let file = writer.finish();
    let mut reader = Reader::new(&file, &Limits::default()).unwrap();
    assert!(reader.next().is_none());
    assert_eq!(reader.version(), 11);
    assert_eq!(reader.aux("redis-ver"), Some(&b"7.2.0"[..]));
    assert_eq!(reader.aux("ctime"), Some(&b"1700000000"[..]));
    assert_eq!(
        reader.aux("nookdb-ver"),
        Some(env!("CARGO_PKG_VERSION").as_bytes())
    );
    assert_eq!(reader.aux("nookdb-note"), Some(&b"17"[..]));
    assert_eq!(reader.aux("nothing"), None);
}

#[test]
fn a_file_taken_piece_by_piece_is_the_file() {
    let entries: Vec<Entry> = (0..50)
        .map(|n| Entry {
            db: n / 20,
            ..entry(&format!("key:{n}"), text(&noise(n as usize)))
        })
        .collect();
    let mut writer = Writer::new(Target::Redis72, ABOUT);
    let mut pieces = Vec::new();
    for entry in &entries {
        writer.entry(entry.db, &entry.key, &entry.value, None);
        pieces.extend(writer.take());
        assert_eq!(writer.pending_bytes(), 0);
    }
    pieces.extend(writer.finish());
    assert_eq!(pieces, write(&entries, Target::Redis72));
    assert_eq!(read(&pieces).unwrap().len(), 50);
}

#[test]
fn what_follows_a_file_is_left_to_the_caller() {
    let file = [
        &write(&[entry("k", text(b"v"))], Target::Redis72)[..],
        b"*1\r\n",
    ]
    .concat();
    let mut reader = Reader::new(&file, &Limits::default()).unwrap();
    assert_eq!(reader.by_ref().count(), 1);
    assert_eq!(reader.rest(), b"*1\r\n");
}

#[test]
fn a_file_that_ends_early_is_refused_wherever_it_ends() {
    let mut list = List::default();
    list.push(
        Side::Right,
        [&b"a"[..], b"12", &[b'x'; 100]],
        &Limits::default(),
    );
    let file = write(
        &[entry("k", text(b"12")), entry("l", Value::List(list))],
        Target::Redis72,
    );
    for end in 0..file.len() {
        let error = read(&file[..end]).unwrap_err();
        assert!(
            matches!(error, LoadError::NotRdb | LoadError::Truncated { .. }),
            "{end}: {error}"
        );
    }
}

#[test]
fn a_flipped_bit_is_never_silent() {
    let entries = [
        entry("key", text(b"a text of some length")),
        entry("n", text(b"7")),
    ];
    let file = write(&entries, Target::Redis72);
    // Before that stands the version, and a version below 5 says that there is no checksum.
    for at in 9..file.len() {
        for bit in 0..8 {
            let mut damaged = file.clone();
            damaged[at] ^= 1 << bit;
            assert!(read(&damaged).is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn a_checksum_of_zero_was_not_computed() {
    let mut file = write(&[entry("k", text(b"v"))], Target::Redis72);
    let end = file.len() - 8;
    file[end..].fill(0);
    assert_eq!(read(&file).unwrap().len(), 1);
}

#[test]
fn other_files_and_newer_versions_are_refused_by_name() {
    let words = |file: &[u8]| read(file).unwrap_err().to_string();
    assert_eq!(words(b""), "not an RDB file");
    assert_eq!(words(b"SQLite format 3"), "not an RDB file");
    assert_eq!(words(b"REDIS00x1\xff"), "not an RDB file");
    assert_eq!(words(b"REDIS0013\xff"), "RDB version 13 is newer than 12");
    assert_eq!(words(b"REDIS0000\xff"), "RDB version 0 is newer than 12");
}

#[test]
fn a_module_is_named_and_what_follows_it_is_read() {
    // The module id of "ReJSON-RL": nine letters of six bits, and version 3.
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let place = |letter: &u8| letters.iter().position(|other| other == letter).unwrap() as u64;
    let id = b"ReJSON-RL"
        .iter()
        .fold(0, |id, letter| id << 6 | place(letter))
        << 10
        | 3;
    let id = [&[0x81][..], &u64::to_be_bytes(id)].concat();
    let values = b"\x01\x05\x02\x06\x03\0\0\0\0\x04\0\0\0\0\0\0\0\0\x05\x03abc\x00";
    let file = [
        &b"REDIS0004"[..],
        b"\xf7",
        &id,
        b"\x02\x02",
        values,
        b"\x07\x04json",
        &id,
        values,
        b"\x00\x01k\x01v\xff",
    ]
    .concat();
    let mut reader = Reader::new(&file, &Limits::default()).unwrap();
    let mut next = || reader.next().unwrap();
    assert_eq!(
        next().unwrap_err().to_string(),
        "state of the module ReJSON-RL"
    );
    assert_eq!(
        next().unwrap_err().to_string(),
        "a value of a module cannot be held, in key 'json'"
    );
    assert_eq!(contents(&next().unwrap().value), [b"v"]);
}

#[test]
fn an_unknown_type_is_named_with_its_key_and_ends_the_walk() {
    let file = b"REDIS0004\x63\x01k\x01v\x00\x01a\x01b\xff";
    let mut reader = Reader::new(file, &Limits::default()).unwrap();
    let error = reader.next().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "unknown type 99, in key 'k'");
    assert!(!error.is_skipped());
    assert!(reader.next().is_none());
    let field_deadlines = b"REDIS0012\x18\x01h\x00\x00";
    let error = read(field_deadlines).unwrap_err().to_string();
    assert_eq!(
        error,
        "a hash whose fields have deadlines cannot be held, in key 'h'"
    );
}

#[test]
fn an_empty_aggregate_is_no_key() {
    let file = b"REDIS0004\x01\x01l\x00\x02\x01s\x00\x04\x01h\x00\x05\x01z\x00\x00\x01k\x01v\xff";
    let entries = read(file).unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(&*entries[0].key, b"k");
}

#[test]
fn what_comes_twice_or_is_no_number_is_refused() {
    let cases: [(&[u8], &str); 5] = [
        (
            b"\x02\x01k\x02\x01a\x01a",
            "a field or member that comes twice",
        ),
        (
            b"\x04\x01k\x02\x01a\x01b\x01a\x01c",
            "a field or member that comes twice",
        ),
        (
            b"\x05\x01k\x01\x01a\xff\xff\xff\xff\xff\xff\xff\xff",
            "a score that is not a number",
        ),
        (b"\x03\x01k\x01\x01a\xfd", "a score that is not a number"),
        (b"\x03\x01k\x01\x01a\x01x", "a score that is not a number"),
    ];
    for (key, what) in cases {
        let file = [b"REDIS0004", key, b"\xff"].concat();
        let error = read(&file).unwrap_err().to_string();
        assert!(
            error.starts_with(what) && error.ends_with("in key 'k'"),
            "{error}"
        );
    }
}

/// Every length there is in the layouts, claimed to be as large as can be said. Would one be
/// reserved, the process would end.
#[test]
fn a_claimed_length_reserves_nothing() {
    let most = [&[0x81][..], &[0xff; 8]].concat();
    let half_gibibyte = [0x80, 0x20, 0, 0, 0];
    let before: [&[u8]; 12] = [
        b"\x00\x01k",
        b"\x01\x01k",
        b"\x02\x01k",
        b"\x03\x01k",
        b"\x04\x01k",
        b"\x05\x01k",
        b"\x0b\x01k",
        b"\x0e\x01k",
        b"\x10\x01k",
        b"\x12\x01k",
        b"\x0f\x01k",
        b"\xfa",
    ];
    for before in before {
        for length in [&most[..], &half_gibibyte] {
            let file = [b"REDIS0004", before, length, b"\x01a\x01b"].concat();
            assert!(read(&file).is_err(), "{}", before.escape_ascii());
        }
    }
}

#[test]
fn a_payload_is_refused_in_the_words_of_redis() {
    let payload = dump(&text(b"v"), Target::Redis72);
    let words = |payload: &[u8]| {
        restore(payload, &Limits::default())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(words(b""), "ERR DUMP payload version or checksum are wrong");
    assert_eq!(
        words(&payload[..payload.len() - 1]),
        "ERR DUMP payload version or checksum are wrong"
    );
    let mut newer = payload[..payload.len() - 10].to_vec();
    newer.extend(13u16.to_le_bytes());
    newer.extend(crc64(0, &newer).to_le_bytes());
    assert_eq!(
        words(&newer),
        "ERR DUMP payload version or checksum are wrong"
    );
    let mut bad = b"\x00\x09v\x0b\x00".to_vec();
    bad.extend(crc64(0, &bad).to_le_bytes());
    assert_eq!(words(&bad), RestoreError::BadFormat.to_string());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_was_written_is_read(entries in prop::collection::vec(any_entry(), 0..6)) {
        for target in TARGETS {
            let again = read(&write(&entries, target)).unwrap();
            let ours: Vec<_> = entries.iter().map(facts).collect();
            let theirs: Vec<_> = again.iter().map(facts).collect();
            prop_assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn a_payload_restores_its_value(value in any_value()) {
        for target in TARGETS {
            let restored = restore(&dump(&value, target), &Limits::default()).unwrap();
            prop_assert_eq!(restored.encoding(), value.encoding());
            prop_assert_eq!(contents(&restored), contents(&value));
        }
    }

    /// Whatever a damaged file still gives can be walked and written: no value is broken inside.
    #[test]
    fn no_damage_makes_the_reader_panic(
        entries in prop::collection::vec(any_entry(), 1..4),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
    ) {
        let mut file = write(&entries, Target::Redis72);
        for (place, byte) in damage {
            let at = 9 + place.index(file.len() - 9);
            file[at] = byte;
        }
        let read: Vec<_> = Reader::new(&file, &Limits::default()).unwrap().collect();
        let read: Vec<Entry> = read.into_iter().flatten().collect();
        write(&read, Target::Redis70);
    }

    #[test]
    fn no_payload_makes_restore_panic(
        code in 0u8..26,
        body in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let mut payload = [&[code][..], &body, &[11, 0]].concat();
        payload.extend(crc64(0, &payload).to_le_bytes());
        if let Ok(value) = restore(&payload, &Limits::default()) {
            dump(&value, Target::Redis70);
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        code in 0u8..26,
        body in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let file = [&b"REDIS0004"[..], &[code, 1, b'k'], &body].concat();
        for entry in Reader::new(&file, &Limits::default()).unwrap().flatten() {
            contents(&entry.value);
        }
    }
}
