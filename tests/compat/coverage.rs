//! No row without a case: every branch of its usage and every error that it names is met, and no
//! case meets an error that its row does not name.

use std::collections::{BTreeMap, BTreeSet};

use nookdb::commands::usage::Item;
use nookdb::commands::{Listed, table};
use nookdb::db::Resp;
use nookdb::protocol::split_arguments;

use crate::case;
use crate::worlds::Engine;

/// Starts of the errors that any command may answer, which rows do not repeat.
const COMMON: &[&str] = &[
    "ERR wrong number of arguments for",
    "ERR unknown command",
    "ERR unknown subcommand",
    "ERR Can't execute",
    "ERR Command not allowed inside a transaction",
    "NOAUTH",
    "OOM",
];

/// A call of a case and what was answered.
struct Said {
    argv: Vec<Vec<u8>>,
    reply: String,
}

/// Every call of every case, by the command that it calls.
fn everything_said() -> BTreeMap<&'static str, Vec<Said>> {
    let mut said: BTreeMap<&str, Vec<Said>> = BTreeMap::new();
    for case in case::all() {
        let mut engine = Engine::new(Resp::Three);
        for line in &case.lines {
            let reply = engine.say(line);
            let argv = split_arguments(line.text.as_bytes()).expect("balanced quotes");
            let borrowed: Vec<&[u8]> = argv.iter().map(Vec::as_slice).collect();
            if let Ok(listed) = table().find(&borrowed) {
                let calls = said.entry(listed.command.name).or_default();
                calls.push(Said { argv, reply });
            }
        }
    }
    said
}

#[test]
fn every_branch_of_every_usage_has_a_case() {
    let said = everything_said();
    let mut missing = Vec::new();
    for listed in table().iter() {
        let none = Vec::new();
        let calls = said.get(listed.command.name).unwrap_or(&none);
        let met = branches_met(listed, calls);
        let mut wanted = Vec::new();
        listed
            .usage()
            .items
            .iter()
            .for_each(|item| branches(item, &mut wanted));
        for (item, how) in wanted {
            if !met.contains(&(std::ptr::from_ref(item) as usize, how)) {
                missing.push(format!("{}: {how:?} {item:?}", listed.command.name));
            }
        }
        if calls.is_empty() {
            missing.push(format!("{}: no case at all", listed.command.name));
        }
    }
    assert!(
        missing.is_empty(),
        "{} branches:\n{}",
        missing.len(),
        missing.join("\n")
    );
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    Taken,
    LeftOut,
}

/// Everything in a usage that a call may or may not have.
fn branches<'u>(item: &'u Item, found: &mut Vec<(&'u Item, How)>) {
    match item {
        Item::Token(_) => found.push((item, How::Taken)),
        Item::Argument(_) => {}
        Item::Optional(inside) | Item::Repeated(inside) => {
            found.extend([(item, How::Taken), (item, How::LeftOut)]);
            branches(inside, found);
        }
        Item::Sequence(items) => items.iter().for_each(|item| branches(item, found)),
        Item::OneOf(choices) => {
            found.extend(choices.iter().map(|choice| (choice, How::Taken)));
            choices.iter().for_each(|choice| branches(choice, found));
        }
    }
}

/// Branches by the address of their item, since two may read the same.
fn branches_met(listed: &Listed, calls: &[Said]) -> BTreeSet<(usize, How)> {
    let mut all = Vec::new();
    listed
        .usage()
        .items
        .iter()
        .for_each(|item| branches(item, &mut all));
    let mut met = BTreeSet::new();
    for said in calls
        .iter()
        .filter(|said| !said.reply.starts_with("(error)"))
    {
        let argv: Vec<&[u8]> = said.argv.iter().map(Vec::as_slice).collect();
        let Some(parts) = listed.usage().match_call(&argv, listed.words()) else {
            continue;
        };
        let taken: BTreeSet<usize> = parts
            .iter()
            .map(|part| std::ptr::from_ref(part.item) as usize)
            .collect();
        for (item, _) in &all {
            let address = std::ptr::from_ref(*item) as usize;
            let how = if taken.contains(&address) {
                How::Taken
            } else {
                How::LeftOut
            };
            met.insert((address, how));
        }
    }
    met
}

#[test]
fn every_error_of_every_row_has_a_case_and_no_case_an_error_beside_them() {
    let said = everything_said();
    let mut wrong = Vec::new();
    for listed in table().iter() {
        let name = listed.command.name;
        let replies = said
            .get(name)
            .into_iter()
            .flatten()
            .map(|said| said.reply.as_str());
        let errors: Vec<&str> = replies
            .filter_map(|reply| reply.strip_prefix("(error) "))
            .collect();
        for named in listed.command.errors {
            if !errors.iter().any(|error| error.starts_with(named)) {
                wrong.push(format!("{name}: no case for {named:?}"));
            }
        }
        let known: Vec<&str> = listed
            .command
            .errors
            .iter()
            .chain(COMMON)
            .copied()
            .collect();
        for error in errors {
            if !known.iter().any(|known| error.starts_with(known)) {
                wrong.push(format!(
                    "{name}: answers {error:?}, which its row does not name"
                ));
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(
        wrong.is_empty(),
        "{} rows:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
