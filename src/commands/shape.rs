//! What every call needs to know of a usage, read by the compiler: how many arguments there are, and which are keys.
//!
//! `usage` has the notation, and reads all of it, where a build tells of its commands; the tests hold the two to each other.

/// Names of arguments that are keys.
pub const KEY_WORDS: &[&str] = &[
    "key",
    "key1",
    "key2",
    "newkey",
    "source",
    "destination",
    "src",
    "dst",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// As Redis counts: with the name; negative is "at least".
    pub arity: i8,
    /// Where the first key is.
    first_key: u8,
    /// Keys that stand there one after the other.
    keys: u8,
    /// How far it is from key to key where they go on to the end of the call; 0 where they do not.
    step: u8,
}

impl Shape {
    /// Of a usage behind a name of so many words.
    pub const fn of(usage: &str, words: u8) -> Shape {
        let text = usage.as_bytes();
        let span = alternatives(text, 0, END);
        let least = words + span.least;
        let mut shape = Shape {
            arity: if span.is_open {
                -(least as i8)
            } else {
                least as i8
            },
            first_key: 0,
            keys: 0,
            step: 0,
        };
        let (mut at, mut position) = (skip_spaces(text, 0), words);
        while at < text.len() && !is_bracket(text[at]) {
            let end = end_of_word(text, at);
            if is_key(text, at, end) {
                if shape.keys == 0 {
                    shape.first_key = position;
                }
                shape.keys += 1;
            }
            position += 1;
            at = skip_spaces(text, end);
        }
        if at < text.len() && text[at] == b'[' && shape.keys > 0 {
            shape.step = repeated_from_key(text, at + 1) as u8;
        }
        shape
    }

    /// Whether an argument of a call of `argc` is a key, by counting alone: right for a usage whose keys stand first, and are followed
    /// by options at most.
    pub fn has_key_at(&self, argc: usize, at: usize) -> bool {
        let (first, step) = (usize::from(self.first_key), usize::from(self.step));
        let place = at.wrapping_sub(first);
        let is_fixed = place < usize::from(self.keys);
        let is_repeated = step > 0 && at >= first && place.is_multiple_of(step);
        at < argc && (is_fixed || is_repeated)
    }
}

/// How many arguments a part of a usage takes.
#[derive(Clone, Copy)]
struct Span {
    least: u8,
    is_open: bool,
    /// Where the text goes on.
    end: usize,
}

/// Closes the usage itself.
const END: u8 = 0;

/// Everything up to the closing bracket.
const fn alternatives(text: &[u8], mut at: usize, close: u8) -> Span {
    let (mut least_of_all, mut choices_differ, mut choices) = (0, false, 0);
    let mut choice = Span {
        least: 0,
        is_open: false,
        end: 0,
    };
    let mut is_repeated = false;
    let mut is_open = false;
    loop {
        at = skip_spaces(text, at);
        let byte = if at < text.len() { text[at] } else { END };
        assert!(
            byte != END || close == END,
            "a bracket of a usage is left open"
        );
        if byte == close || byte == b'|' {
            choices_differ |= choices > 0 && choice.least != least_of_all;
            if choices == 0 || choice.least < least_of_all {
                least_of_all = choice.least;
            }
            is_open |= choice.is_open;
            choices += 1;
            at += 1;
            if byte == close {
                break;
            }
            choice.least = 0;
            choice.is_open = false;
            continue;
        }
        match byte {
            b'[' => {
                at = alternatives(text, at + 1, b']').end;
                choice.is_open = true;
            }
            b'<' => {
                let inside = alternatives(text, at + 1, b'>');
                at = inside.end;
                choice.least += inside.least;
                choice.is_open |= inside.is_open;
            }
            b']' | b'>' => panic!("a bracket of a usage closes nothing"),
            _ => {
                let end = end_of_word(text, at);
                if is_word(text, at, end, b"...") {
                    is_repeated = true;
                } else {
                    choice.least += 1;
                }
                at = end;
            }
        }
    }
    Span {
        least: if is_repeated { 0 } else { least_of_all },
        is_open: is_repeated || is_open || choices_differ,
        end: at,
    }
}

/// Of a repetition that begins with a key, how many arguments it has; 0 of anything else.
const fn repeated_from_key(text: &[u8], at: usize) -> usize {
    if !is_key(text, at, end_of_word(text, at)) {
        return 0;
    }
    let (mut at, mut count) = (at, 0);
    while at < text.len() && !is_bracket(text[at]) {
        let end = end_of_word(text, at);
        if is_word(text, at, end, b"...") {
            return count;
        }
        count += 1;
        at = skip_spaces(text, end);
    }
    0
}

const fn skip_spaces(text: &[u8], mut at: usize) -> usize {
    while at < text.len() && text[at].is_ascii_whitespace() {
        at += 1;
    }
    at
}

const fn end_of_word(text: &[u8], mut at: usize) -> usize {
    while at < text.len() && !text[at].is_ascii_whitespace() && !is_bracket(text[at]) {
        at += 1;
    }
    at
}

const fn is_bracket(byte: u8) -> bool {
    matches!(byte, b'[' | b']' | b'<' | b'>')
}

const fn is_key(text: &[u8], at: usize, end: usize) -> bool {
    let mut n = 0;
    while n < KEY_WORDS.len() {
        if is_word(text, at, end, KEY_WORDS[n].as_bytes()) {
            return true;
        }
        n += 1;
    }
    false
}

const fn is_word(text: &[u8], at: usize, end: usize, word: &[u8]) -> bool {
    if end - at != word.len() {
        return false;
    }
    let mut n = 0;
    while n < word.len() {
        if text[at + n] != word[n] {
            return false;
        }
        n += 1;
    }
    true
}
