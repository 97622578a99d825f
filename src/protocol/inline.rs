//! A line typed by hand, split into arguments: `SET "a key" 'it''s'` without RESP.
//!
//! The rules are those of Redis's sdssplitargs, so that a line means the same in redis-cli, in a
//! telnet session, in the console of the site and in the tests:
//!
//! ```text
//! foo bar       words are separated by white space
//! "a\n\x00\""   double quotes: \n \r \t \b \a, \xHH, and a backslash before anything else is dropped
//! 'it\'s'       single quotes: everything as it is, but for \'
//! fo"o b"       a quote may open inside a word, and its end must be the end of the word
//! ```

use alloc::vec::Vec;

/// The arguments of a line, or `None` where a quote stays open or is followed by more of the word.
pub fn split_arguments(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut rest = line;
    let mut arguments = Vec::new();
    loop {
        let blank = rest.iter().take_while(|byte| is_space(**byte)).count();
        rest = &rest[blank..];
        if rest.is_empty() {
            return Some(arguments);
        }
        let (argument, used) = split_one(rest)?;
        arguments.push(argument);
        rest = &rest[used..];
    }
}

/// The first argument of a text that begins with one, and how many bytes it took.
fn split_one(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut argument = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b' ' | b'\n' | b'\r' | b'\t' => break,
            b'"' | b'\'' => {
                at += match byte {
                    b'"' => double_quoted(&text[at..], &mut argument)?,
                    _ => single_quoted(&text[at..], &mut argument)?,
                };
                return match text.get(at) {
                    Some(next) if !is_space(*next) => None,
                    _ => Some((argument, at)),
                };
            }
            _ => argument.push(byte),
        }
    }
    Some((argument, at))
}

/// Reads to the closing quote, and says how many bytes that took with it.
fn double_quoted(text: &[u8], argument: &mut Vec<u8>) -> Option<usize> {
    let mut at = 0;
    loop {
        match &text[at..] {
            [b'"', ..] => return Some(at + 1),
            [b'\\', b'x', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                argument.push(hex(*high) << 4 | hex(*low));
                at += 4;
            }
            [b'\\', escaped, ..] => {
                argument.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 0x08,
                    b'a' => 0x07,
                    other => *other,
                });
                at += 2;
            }
            [byte, ..] => {
                argument.push(*byte);
                at += 1;
            }
            [] => return None,
        }
    }
}

/// As `double_quoted`, where only `\'` is an escape.
fn single_quoted(text: &[u8], argument: &mut Vec<u8>) -> Option<usize> {
    let mut at = 0;
    loop {
        match &text[at..] {
            [b'\'', ..] => return Some(at + 1),
            [b'\\', b'\'', ..] => {
                argument.push(b'\'');
                at += 2;
            }
            [byte, ..] => {
                argument.push(*byte);
                at += 1;
            }
            [] => return None,
        }
    }
}

/// White space as C's isspace has it, which knows the vertical tab.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit - b'A' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Option<Vec<String>> {
        let arguments = split_arguments(line.as_bytes())?;
        let text = |argument: Vec<u8>| String::from_utf8(argument).unwrap();
        Some(arguments.into_iter().map(text).collect())
    }

    fn words(words: &[&str]) -> Option<Vec<String>> {
        Some(words.iter().map(|word| word.to_string()).collect())
    }

    #[test]
    fn words_are_separated_by_any_white_space() {
        assert_eq!(split("  SET\tk \x0b v\r"), words(&["SET", "k", "v"]));
        assert_eq!(split(" \t "), words(&[]));
    }

    #[test]
    fn double_quotes_know_escapes() {
        assert_eq!(
            split(r#""a b" "\n\r\t\b\a\x41\q\"\\""#),
            words(&["a b", "\n\r\t\x08\x07Aq\"\\"])
        );
        assert_eq!(split(r#""\x4""#), words(&["x4"]));
    }

    #[test]
    fn single_quotes_escape_only_themselves() {
        assert_eq!(split(r"'it\'s' '\n'"), words(&["it's", r"\n"]));
    }

    #[test]
    fn a_quote_may_open_inside_a_word_and_empty_quotes_are_an_argument() {
        assert_eq!(split(r#"fo"o b" """#), words(&["foo b", ""]));
    }

    #[test]
    fn a_quote_that_stays_open_or_does_not_end_its_word_is_refused() {
        for line in ["\"a", "'a", "\"a\"b", "'a'b", "\"a\\", "'a\\'", "\"a\"'b'"] {
            assert_eq!(split(line), None, "{line}");
        }
    }
}
