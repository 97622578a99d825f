//! What is read is what was written, or is refused.

use super::*;
use crate::db::TakenEffect;
use crate::db::steps::HEAD_BYTES;
use crate::db::{self, Argv, Effect, Step};
use proptest::collection::vec;
use proptest::prelude::*;

/// The steps apart, with what was asked for: to compare them.
fn decode(record: &[u8]) -> Result<(Vec<Step>, Origin), RecordError> {
    let record = read(record)?;
    let steps = record.steps().map(Taken::to_step).collect();
    Ok((steps, record.origin()))
}

fn encoded(step: &Step, origin: Origin) -> Vec<u8> {
    let steps: db::Steps = [step].into_iter().collect();
    let mut record = Vec::new();
    for step in steps.iter() {
        encode(step, origin, &mut record);
    }
    record
}

/// What lies in the frames of steps, with how many steps each says to have.
fn records(steps: &mut db::Steps, epoch: u32) -> Vec<(usize, Vec<u8>)> {
    let mut frames = steps.replace(Vec::new());
    seal(&mut frames, epoch);
    let mut records = Vec::new();
    let mut parts = Parts(&frames);
    while !parts.is_empty() {
        let (length, count) = (
            parts.u32().expect("a length"),
            parts.u32().expect("a count"),
        );
        assert_ne!(length & IS_RUN, 0);
        let record = parts.take((length & !IS_RUN) as usize).expect("a record");
        records.push((count as usize, record.to_vec()));
    }
    records
}

fn argv() -> impl Strategy<Value = Argv> {
    vec(any::<Vec<u8>>().prop_map(Into::into), 0..4)
}

fn effect() -> impl Strategy<Value = Effect> {
    let key = || any::<Vec<u8>>().prop_map(Vec::into_boxed_slice);
    prop_oneof![
        (any::<u32>(), argv()).prop_map(|(db, argv)| Effect::Command { db, argv }),
        (any::<u32>(), key(), any::<i64>()).prop_map(|(db, key, deadline)| Effect::Expired {
            db,
            key,
            deadline
        }),
        (any::<u32>(), key(), any::<u64>()).prop_map(|(db, key, seen_seq)| Effect::Evicted {
            db,
            key,
            seen_seq
        }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let cause = (0u8..7).prop_map(|code| Cause::of_code(code).expect("seven causes"));
    let lists = (
        vec(argv(), 0..3),
        vec(effect(), 0..4),
        any::<Option<prop::sample::Index>>(),
    );
    (any::<u64>(), any::<i64>(), any::<u64>(), cause, lists).prop_map(
        |(seq, at_ms, seed, cause, (intent, mut effects, verbatim))| {
            if let Some(index) = verbatim
                && !intent.is_empty()
            {
                let argv = index.get(&intent).clone();
                effects.push(Effect::Command { db: 3, argv });
            }
            Step {
                seq,
                at_ms,
                seed,
                cause,
                intent,
                effects,
            }
        },
    )
}

fn origin() -> impl Strategy<Value = Origin> {
    (any::<u32>(), any::<u128>(), any::<u64>(), any::<u64>()).prop_map(
        |(epoch, client, n, base_seq)| Origin {
            epoch,
            client,
            n,
            base_seq,
        },
    )
}

proptest! {
    #[test]
    fn a_step_comes_back_as_it_was(step in step(), origin in origin(), is_of_store: bool) {
        let origin = if is_of_store { Origin::of_store(step.seq, origin.epoch) } else { origin };
        prop_assert_eq!(decode(&encoded(&step, origin)), Ok((vec![step], origin)));
    }

    #[test]
    fn sealed_steps_are_read_back_as_the_stores_own(mut steps in vec(step(), 0..20), gap in 0usize..40, epoch: u32) {
        let first = steps.first().map_or(0, |step| step.seq);
        for (n, step) in steps.iter_mut().enumerate() {
            // A gap begins another record.
            step.seq = first.wrapping_add((n + usize::from(n >= gap)) as u64);
        }
        let mut packed: db::Steps = steps.iter().collect();
        prop_assert_eq!(packed.to_vec(), steps.clone());
        prop_assert_eq!(packed.len(), steps.len());
        let mut read = Vec::new();
        for (count, record) in records(&mut packed, epoch) {
            let (some, origin) = decode(&record).expect("a record");
            prop_assert_eq!(some.len(), count);
            prop_assert_eq!(origin, Origin::of_store(some[0].seq, epoch));
            read.extend(some);
        }
        prop_assert_eq!(read, steps);
        prop_assert!(packed.is_empty() && packed.iter().next().is_none());
    }

    #[test]
    fn a_record_of_many_steps_that_is_changed_or_cut_anywhere_is_refused(
        steps in vec(step(), 1..6), at: prop::sample::Index, change in 1u8..,
    ) {
        let mut packed: db::Steps = steps.iter().collect();
        for (_, mut record) in records(&mut packed, 1) {
            for length in 0..record.len() {
                prop_assert!(decode(&record[..length]).is_err());
            }
            let at = at.index(record.len());
            record[at] ^= change;
            prop_assert!(decode(&record).is_err());
        }
    }

    #[test]
    fn a_record_with_one_byte_changed_is_refused(step in step(), at: prop::sample::Index, change in 1u8..) {
        let mut record = encoded(&step, Origin::default());
        let at = at.index(record.len());
        record[at] ^= change;
        prop_assert!(decode(&record).is_err());
    }

    /// Whatever they say, what is read lies where it lay, and in a copy of the format 3 that is no longer.
    #[test]
    fn hostile_bodies_under_a_right_checksum_are_read_without_a_panic_and_take_no_more_than_their_bytes(
        steps in vec(step(), 1..4),
        lies in vec((any::<prop::sample::Index>(), prop_oneof![0u8..8, any::<u8>()]), 0..4),
        cut in any::<prop::sample::Index>(),
        is_cut in prop::bool::weighted(0.2),
    ) {
        for mut body in [as_run(&steps), as_words(&steps[0]), as_requests(&steps[0])] {
            for (at, lie) in &lies {
                let at = at.index(body.len());
                body[at] = lie.wrapping_add(u8::from(at == 0) * FORMAT_OF_REQUESTS);
            }
            if is_cut {
                body.truncate(cut.index(body.len()));
            }
            let record = checked(body);
            let read = match read(&record) {
                Ok(read) => read,
                Err(error) => {
                    prop_assert!(!lies.is_empty() || is_cut, "{}", error);
                    continue;
                }
            };
            if let Lying::Single { done: Cow::Owned(copy), .. } = &read.steps {
                prop_assert!(copy.len() <= record.len());
            }
            prop_assert!(read.steps().count() <= record.len());
            for step in read.steps() {
                prop_assert!(step.effects().len() <= record.len());
                // A word may be named any number of times, and is where it is each time.
                for effect in step.effects() {
                    if let TakenEffect::Command { call, .. } = effect {
                        prop_assert!(call.words().map(<[u8]>::len).sum::<usize>() <= record.len());
                    }
                }
            }
        }
    }
}

/// Bodies of the formats, each with what `step` makes.
fn as_run(steps: &[Step]) -> Vec<u8> {
    let mut steps: db::Steps = steps.iter().collect();
    let (_, record) = records(&mut steps, 1).swap_remove(0);
    record[..record.len() - CHECKSUM_BYTES].to_vec()
}

fn as_words(step: &Step) -> Vec<u8> {
    let steps: db::Steps = [step].into_iter().collect();
    let taken = steps.iter().next().expect("a step");
    let (code, db) = taken.code();
    let mut body = old_head(step, FORMAT_OF_WORDS);
    match code & (3 << 6) {
        VERBATIM => {
            body[1] |= WAS_VERBATIM;
            write_number(u64::from(db), &mut body);
            body.extend_from_slice(taken.done());
        }
        LISTED => body.extend_from_slice(taken.done()),
        _ => body.extend_from_slice(&[0, 0]),
    }
    body
}

fn as_requests(step: &Step) -> Vec<u8> {
    let request = |argv: &Argv, body: &mut Vec<u8>| {
        body.extend_from_slice(format!("*{}\r\n", argv.len()).as_bytes());
        for word in argv {
            body.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            body.extend_from_slice(word);
            body.extend_from_slice(b"\r\n");
        }
    };
    let mut body = old_head(step, FORMAT_OF_REQUESTS);
    write_number(step.intent.len() as u64, &mut body);
    step.intent.iter().for_each(|argv| request(argv, &mut body));
    write_number(step.effects.len() as u64, &mut body);
    for effect in &step.effects {
        match effect {
            Effect::Command { db, argv } => {
                body.push(0);
                write_number(u64::from(*db), &mut body);
                request(argv, &mut body);
            }
            Effect::Expired { db, key, .. } | Effect::Evicted { db, key, .. } => {
                body.push(2);
                write_number(u64::from(*db), &mut body);
                body.extend_from_slice(&[7; 8]);
                write_bytes(key, &mut body);
            }
        }
    }
    body
}

fn old_head(step: &Step, format: u8) -> Vec<u8> {
    let mut body = vec![format, 0];
    body.extend_from_slice(&step.seq.to_le_bytes());
    body.extend_from_slice(&1u32.to_le_bytes());
    body.extend_from_slice(&step.at_ms.to_le_bytes());
    body.extend_from_slice(&step.seed.to_le_bytes());
    body
}

fn checked(mut body: Vec<u8>) -> Vec<u8> {
    let checksum = checksum_of(&body).to_le_bytes();
    body.extend_from_slice(&checksum);
    body
}

/// Each was a copy of the words: 60 KB came to half a gigabyte.
#[test]
fn words_that_are_named_ten_thousand_times_are_there_once() {
    let mut body = vec![0; HEAD_BYTES];
    (body[0], body[6]) = (FORMAT, 1);
    body.extend_from_slice(&[LISTED, 1, 2]);
    write_bytes(b"APPEND", &mut body);
    write_bytes(&[b'x'; 30_000], &mut body);
    write_number(10_000, &mut body);
    (0..10_000).for_each(|_| body.extend_from_slice(&[1, 0, 0]));
    let record = checked(body);
    let read = read(&record).expect("a record");
    let step = read.steps().next().expect("a step");
    assert_eq!(step.effects().len(), 10_000);
    let place = record.as_ptr_range();
    for effect in step.effects() {
        let TakenEffect::Command { call, .. } = effect else {
            panic!("a command");
        };
        assert!(call.words().all(|word| place.contains(&word.as_ptr())));
    }
    // An index of an intent that there is not.
    let mut body = record[..record.len() - CHECKSUM_BYTES].to_vec();
    *body.last_mut().expect("bytes") = 1;
    assert!(matches!(
        super::read(&checked(body)),
        Err(RecordError::Malformed)
    ));
}

/// Each that went back read the intents from the first on: of these, fifty thousand times a hundred thousand.
#[test]
fn intents_that_are_named_in_any_order_are_found() {
    const INTENTS: u32 = 100_000;
    let mut body = vec![0; HEAD_BYTES];
    (body[0], body[6]) = (FORMAT, 1);
    body.push(LISTED);
    write_number(u64::from(INTENTS), &mut body);
    for intent in 0..INTENTS {
        body.push(1);
        write_bytes(&intent.to_le_bytes(), &mut body);
    }
    let named: Vec<u32> = (0..INTENTS / 2)
        .flat_map(|n| [INTENTS - 1 - n, n])
        .collect();
    write_number(named.len() as u64, &mut body);
    for index in &named {
        body.extend_from_slice(&[1, 0]);
        write_number(u64::from(*index), &mut body);
    }
    let record = checked(body);
    let read = read(&record).expect("a record");
    let step = read.steps().next().expect("a step");
    for (effect, index) in step.effects().zip(named) {
        let TakenEffect::Command { call, .. } = effect else {
            panic!("a command");
        };
        assert!(call.words().eq([index.to_le_bytes()]));
    }
}

#[test]
fn a_command_that_did_what_it_said_is_written_once() {
    let argv: Argv = vec![b"SET".as_slice().into(), vec![b'x'; 1000].into()];
    let step = Step {
        seq: 1,
        at_ms: 2,
        seed: 3,
        cause: Cause::Command,
        intent: vec![argv.clone()],
        effects: vec![Effect::Command { db: 0, argv }],
    };
    assert!(encoded(&step, Origin::default()).len() < 1200);
}

#[test]
fn a_set_in_a_run_comes_to_its_key_its_value_and_three_bytes() {
    let mut steps = db::Steps::default();
    let (key, value) = ([b'k'; 20], [b'v'; 64]);
    let mut sizes = Vec::new();
    for seq in 1..=3 {
        let head = db::Head {
            seq,
            at_ms: 1_800_000_000_000,
            seed: 0,
            cause: Cause::Command,
        };
        steps.push_call(head, 0, &[b"SET".as_slice(), &key, &value]);
        sizes.push(steps.bytes());
    }
    assert_eq!([sizes[1] - sizes[0], sizes[2] - sizes[1]], [87; 2]);
}

#[test]
fn a_set_for_a_time_says_what_was_asked_for_and_when_it_ends() {
    let mut steps = db::Steps::default();
    let head = db::Head {
        seq: 7,
        at_ms: 1000,
        seed: 0,
        cause: Cause::Command,
    };
    steps.push_set_for(head, 3, (b"k", b"v"), 1250);
    let argv = |words: &[&[u8]]| -> Argv { words.iter().map(|&word| word.into()).collect() };
    let step = Step {
        seq: 7,
        at_ms: 1000,
        seed: 0,
        cause: Cause::Command,
        intent: vec![argv(&[b"SET", b"k", b"v", b"PX", b"250"])],
        effects: vec![Effect::Command {
            db: 3,
            argv: argv(&[b"SET", b"k", b"v", b"PXAT", b"1250"]),
        }],
    };
    assert_eq!(steps.to_vec(), core::slice::from_ref(&step));
    let [(1, record)] = &records(&mut steps, 2)[..] else {
        panic!("one record of one step");
    };
    assert_eq!(decode(record), Ok((vec![step], Origin::of_store(7, 2))));
}

#[test]
fn a_large_step_has_a_record_of_its_own() {
    let mut steps = db::Steps::default();
    for (seq, bytes) in (1..).zip([10, 100_000, 10, 10]) {
        let head = db::Head {
            seq,
            at_ms: 1,
            seed: 0,
            cause: Cause::Command,
        };
        steps.push_call(
            head,
            0,
            &[b"APPEND".to_vec(), vec![b'k'], vec![b'v'; bytes]],
        );
    }
    let counts: Vec<usize> = records(&mut steps, 1)
        .iter()
        .map(|(count, _)| *count)
        .collect();
    assert_eq!(counts, [1, 1, 2]);
}

#[test]
fn each_command_of_a_transaction_that_did_what_it_said_is_written_once() {
    let argv = |name: u8| vec![b"SET".as_slice().into(), vec![name; 1000].into()];
    let intent: Vec<Argv> = vec![argv(b'x'), vec![b"DBSIZE".as_slice().into()], argv(b'y')];
    let effects = [&intent[0], &intent[2]].map(|argv| Effect::Command {
        db: 0,
        argv: argv.clone(),
    });
    let step = Step {
        seq: 1,
        at_ms: 2,
        seed: 3,
        cause: Cause::Exec,
        effects: effects.to_vec(),
        intent,
    };
    let record = encoded(&step, Origin::default());
    assert!(record.len() < 2200, "{}", record.len());
    assert_eq!(decode(&record), Ok((vec![step], Origin::default())));
}

#[test]
fn a_record_of_another_format_says_so() {
    let record = checked(vec![FORMAT + 1, 0, 0, 0]);
    let error = decode(&record).expect_err("another format");
    assert_eq!(error, RecordError::UnknownFormat(FORMAT + 1));
    assert!(error.is_of_another());
    // Something to come, in a record that is whole.
    let mut record = vec![FORMAT, 0b1000_0001];
    record.extend_from_slice(&[0; 40]);
    record.extend_from_slice(&checksum_of(&record).to_le_bytes());
    let error = decode(&record).expect_err("flags");
    assert_eq!(error, RecordError::UnknownFlags(0b1000_0001));
    assert!(error.is_of_another());
    // Format 2 had another checksum.
    let mut old = [vec![2], vec![0; 50]].concat();
    old.extend_from_slice(&crc64(0, &old).to_le_bytes());
    assert_eq!(decode(&old), Err(RecordError::UnknownFormat(2)));
}

/// It was taken for a record of another version, and the store for one that is whole.
#[test]
fn a_record_whose_format_has_gone_bad_is_damaged_whatever_format_it_names() {
    let mut record = checked(vec![FORMAT; 40]);
    for format in (0..=u8::MAX).filter(|format| *format != FORMAT) {
        record[0] = format;
        assert_eq!(decode(&record), Err(RecordError::Checksum), "{format}");
    }
}
