//! Cases as they are written down.
//!
//! ```text
//! # a sentence that names the case; a blank line ends it
//! ZADD k 1 a                compared exactly
//! ~ SMEMBERS k              compared whatever the order
//! ? TIME                    only the kind of reply is compared
//! 2: BLPOP k 0              said by a second client
//! 2>                        waits for what comes for the second client, and compares it
//! >7.0 (integer) 1          the line above is newer than the oracle: this is the reply to it
//! ! reason                  the line below differs on purpose; lines with > are our reply
//! >2 "1"                    our reply where the protocols differ: RESP2, and in the same way >3
//! ```

use std::fs;
use std::path::Path;

use nookdb::db::Resp;

pub struct Case {
    pub file: String,
    pub name: String,
    pub lines: Vec<Line>,
}

pub struct Line {
    pub number: usize,
    /// Which client says it, from 1.
    pub client: usize,
    /// Empty where the client only listens.
    pub text: String,
    pub compare: Compare,
}

#[derive(Debug, PartialEq)]
pub enum Compare {
    Exactly,
    Unordered,
    Kind,
    /// With this reply, and not with the oracle's.
    With(Written),
}

/// A reply as a case has it: its lines, each for both protocols or for one.
#[derive(Debug, Default, PartialEq)]
pub struct Written(Vec<(Option<Resp>, String)>);

impl Written {
    pub fn drawn_in(&self, resp: Resp) -> String {
        let lines = self
            .0
            .iter()
            .filter(|(only, _)| only.is_none_or(|only| only == resp));
        let lines: Vec<&str> = lines.map(|(_, line)| line.as_str()).collect();
        lines.join("\n")
    }
}

impl Case {
    pub fn title(&self) -> String {
        format!("{} {}", self.file, self.name)
    }
}

/// Every case of every file.
pub fn all() -> impl Iterator<Item = Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat/cases");
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the folder of cases")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files.into_iter().flat_map(|path| {
        let text = fs::read_to_string(&path).expect("a file of cases");
        parse(&path.file_name().expect("a name").to_string_lossy(), &text)
    })
}

fn parse(file: &str, text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut lines: Vec<Line> = Vec::new();
    let mut name = String::new();
    let mut differs = false;
    for (number, text) in text
        .lines()
        .enumerate()
        .map(|(index, text)| (index + 1, text))
    {
        if text.trim().is_empty() {
            finish(file, &mut name, &mut lines, &mut cases);
        } else if let Some(title) = text.strip_prefix('#') {
            name.push_str(title);
        } else if text.starts_with('!') {
            differs = true;
        } else if let Some(reply) = reply_of(text) {
            let last = lines
                .last_mut()
                .unwrap_or_else(|| panic!("{file}:{number}: a reply to nothing"));
            match &mut last.compare {
                Compare::With(written) => written.0.push(reply),
                compare => *compare = Compare::With(Written(vec![reply])),
            }
        } else {
            let mut line = Line::parse(number, text);
            if std::mem::take(&mut differs) {
                line.compare = Compare::With(Written::default());
            }
            lines.push(line);
        }
    }
    finish(file, &mut name, &mut lines, &mut cases);
    cases
}

fn finish(file: &str, name: &mut String, lines: &mut Vec<Line>, cases: &mut Vec<Case>) {
    let name = std::mem::take(name).trim().to_owned();
    if !lines.is_empty() {
        let lines = std::mem::take(lines);
        cases.push(Case {
            file: file.to_owned(),
            name,
            lines,
        });
    }
}

/// The line of a reply that stands in a line of ours, and the protocol that it is for.
fn reply_of(text: &str) -> Option<(Option<Resp>, String)> {
    let prefixes = [
        ("> ", None),
        (">7.0 ", None),
        (">2 ", Some(Resp::Two)),
        (">3 ", Some(Resp::Three)),
    ];
    if text == ">" {
        return Some((None, String::new()));
    }
    prefixes.into_iter().find_map(|(prefix, only)| {
        let line = text.strip_prefix(prefix)?;
        Some((only, line.to_owned()))
    })
}

impl Line {
    fn parse(number: usize, text: &str) -> Line {
        let (compare, text) = match text.split_at_checked(2) {
            Some(("~ ", rest)) => (Compare::Unordered, rest),
            Some(("? ", rest)) => (Compare::Kind, rest),
            _ => (Compare::Exactly, text),
        };
        let digit = text.chars().next().and_then(|first| first.to_digit(10));
        let (client, text) = match (digit, text.get(1..2)) {
            (Some(client), Some(":")) => (client as usize, text[2..].trim()),
            (Some(client), Some(">")) => (client as usize, ""),
            _ => (1, text),
        };
        Line {
            number,
            client,
            text: text.to_owned(),
            compare,
        }
    }
}

/// The lines of a drawn reply without their numbers, in an order of their own.
pub fn unordered(reply: &str) -> String {
    let mut lines: Vec<&str> = reply.lines().map(without_numbers).collect();
    lines.sort_unstable();
    lines.join("\n")
}

/// A line without the places that redis-cli writes before elements: `2) 1) "a"` is `"a"`.
fn without_numbers(line: &str) -> &str {
    let line = line.trim();
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = digits.len() < line.len();
    match digits.strip_prefix([')', '~', '#']).filter(|_| numbered) {
        Some(rest) => without_numbers(rest),
        None => line,
    }
}

/// What kind of reply it is: everything but what it says.
pub fn kind(reply: &str) -> String {
    let first = reply.lines().next().unwrap_or_default();
    let word = |prefix: &str| first.starts_with(prefix);
    let kind = match () {
        () if word("(integer)") => "integer",
        () if word("(double)") => "double",
        () if word("(error)") => "error",
        () if word("(nil)") => "nil",
        () if word("(empty") => "empty",
        () if word("1) ") => "array",
        () if word("1~ ") => "set",
        () if word("1# ") => "map",
        () if word("\"") => "string",
        () => "text",
    };
    kind.to_owned()
}
