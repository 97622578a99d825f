//! Replies drawn as redis-cli draws them, for the console and for tests that read like one.
//!
//! ```text
//! on a terminal                      in a pipe (--raw)
//! OK                                 OK
//! (integer) 1                        1
//! "a\n"                              a and a line break, as it is
//! (nil)                              an empty line
//! (error) ERR syntax error           ERR syntax error, and an empty line
//! 1) "a"                             a
//! 2) 1) "b"                          b
//!    2) (double) 1.5                 1.5
//! 1# "key" => "value"                key value
//! ```

use alloc::string::String;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::{Answer, Resp, write};
use crate::reply::Reply;

/// As on a terminal, without the last line break. A reply of several is drawn one below the other.
pub fn draw(reply: &Reply, resp: Resp) -> String {
    let drawn: Vec<String> = answers(reply, resp).iter().map(draw_answer).collect();
    drawn.join("\n")
}

/// As into a pipe, without the last line break. The bytes of strings are those of the reply.
pub fn draw_raw(reply: &Reply, resp: Resp) -> Vec<u8> {
    let drawn: Vec<Vec<u8>> = answers(reply, resp).iter().map(draw_answer_raw).collect();
    drawn.join(&b'\n')
}

/// What a client of that protocol would get: redis-cli sees no more than that.
fn answers(reply: &Reply, resp: Resp) -> Vec<Answer> {
    let mut bytes = Vec::new();
    write(reply, resp, &mut bytes);
    let mut rest = &bytes[..];
    let mut answers = Vec::new();
    while let Some((answer, used)) = Answer::read(rest).expect("what we write is RESP") {
        answers.push(answer);
        rest = &rest[used..];
    }
    answers
}

/// As `draw`, for what came over a wire.
pub fn draw_answer(answer: &Answer) -> String {
    let mut drawing = String::new();
    draw_below(answer, "", &mut drawing);
    drawing
}

/// Draws an answer whose first line is begun already; further lines start with `prefix`.
fn draw_below(answer: &Answer, prefix: &str, out: &mut String) {
    match answer {
        Answer::Simple(text) => out.push_str(&String::from_utf8_lossy(text)),
        Answer::Error(text) => {
            out.push_str("(error) ");
            out.push_str(&String::from_utf8_lossy(text));
        }
        Answer::Integer(number) => out.push_str(&format!("(integer) {number}")),
        Answer::Double(digits) => out.push_str(&format!("(double) {digits}")),
        Answer::BigNumber(digits) => out.push_str(&format!("(big number) {digits}")),
        Answer::Bulk(bytes) => quote(bytes, out),
        Answer::Verbatim { text, .. } => out.push_str(&String::from_utf8_lossy(text)),
        Answer::Null => out.push_str("(nil)"),
        Answer::Boolean(true) => out.push_str("(true)"),
        Answer::Boolean(false) => out.push_str("(false)"),
        Answer::Array(items) => draw_items(items, ')', "(empty array)", prefix, out),
        Answer::Set(items) => draw_items(items, '~', "(empty set)", prefix, out),
        Answer::Push(items) => draw_items(items, ')', "(empty push)", prefix, out),
        Answer::Map(pairs) => {
            draw_numbered(
                pairs.len(),
                '#',
                "(empty hash)",
                prefix,
                out,
                |index, inner, out| {
                    let (key, value) = &pairs[index];
                    draw_below(key, inner, out);
                    out.push_str(" => ");
                    let mut drawn = String::new();
                    draw_below(value, inner, &mut drawn);
                    // A value of several lines begins below its key, not beside it.
                    if drawn.contains('\n') {
                        out.push('\n');
                        out.push_str(inner);
                    }
                    out.push_str(&drawn);
                },
            );
        }
    }
}

fn draw_items(items: &[Answer], sign: char, empty: &str, prefix: &str, out: &mut String) {
    draw_numbered(
        items.len(),
        sign,
        empty,
        prefix,
        out,
        |index, inner, out| {
            draw_below(&items[index], inner, out);
        },
    );
}

/// Numbers from 1, as wide as the last of them, and what is below an item stands behind them.
fn draw_numbered(
    count: usize,
    sign: char,
    empty: &str,
    prefix: &str,
    out: &mut String,
    mut draw_item: impl FnMut(usize, &str, &mut String),
) {
    if count == 0 {
        return out.push_str(empty);
    }
    let width = count.to_string().len();
    let inner = format!("{prefix}{:1$}", "", width + 2);
    for index in 0..count {
        if index > 0 {
            out.push('\n');
            out.push_str(prefix);
        }
        out.push_str(&format!("{:>width$}{sign} ", index + 1));
        draw_item(index, &inner, out);
    }
}

/// As `draw_raw`, for what came over a wire.
pub fn draw_answer_raw(answer: &Answer) -> Vec<u8> {
    match answer {
        Answer::Simple(text) => text.clone(),
        // The one reply that brings a line break of its own.
        Answer::Error(text) => [text, &b"\n"[..]].concat(),
        Answer::Integer(number) => number.to_string().into_bytes(),
        Answer::Double(digits) | Answer::BigNumber(digits) => digits.clone().into_bytes(),
        Answer::Bulk(bytes) => bytes.clone(),
        Answer::Verbatim { text, .. } => text.clone(),
        Answer::Null => Vec::new(),
        Answer::Boolean(true) => b"(true)".to_vec(),
        Answer::Boolean(false) => b"(false)".to_vec(),
        Answer::Array(items) | Answer::Set(items) | Answer::Push(items) => {
            let lines: Vec<Vec<u8>> = items.iter().map(draw_answer_raw).collect();
            lines.join(&b'\n')
        }
        Answer::Map(pairs) => {
            let line = |(key, value)| [draw_answer_raw(key), draw_answer_raw(value)].join(&b' ');
            let lines: Vec<Vec<u8>> = pairs
                .iter()
                .map(|(key, value)| line((key, value)))
                .collect();
            lines.join(&b'\n')
        }
    }
}

/// Bytes between double quotes, with escapes for all that is not printable ASCII: what
/// `split_arguments` reads back.
pub fn quote(bytes: &[u8], out: &mut String) {
    out.push('"');
    for byte in bytes {
        match byte {
            b'\\' | b'"' => {
                out.push('\\');
                out.push(char::from(*byte));
            }
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x07 => out.push_str("\\a"),
            0x08 => out.push_str("\\b"),
            b' '..=b'~' => out.push(char::from(*byte)),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::protocol::split_arguments;

    #[test]
    fn scalars_look_as_in_redis_cli() {
        let drawn = |reply| draw(&reply, Resp::Three);
        assert_eq!(drawn(Reply::OK), "OK");
        assert_eq!(drawn(Reply::Integer(1)), "(integer) 1");
        assert_eq!(drawn(Reply::Double(1.5)), "(double) 1.5");
        assert_eq!(draw(&Reply::Double(1.5), Resp::Two), "\"1.5\"");
        assert_eq!(
            drawn(Reply::bulk("a\n\"\\\x01\u{e9}")),
            r#""a\n\"\\\x01\xc3\xa9""#
        );
        assert_eq!(drawn(Reply::Null), "(nil)");
        assert_eq!(drawn(Reply::NullArray), "(nil)");
        assert_eq!(drawn(Reply::Boolean(true)), "(true)");
        assert_eq!(
            drawn(Reply::Error(Error::Syntax)),
            "(error) ERR syntax error"
        );
    }

    #[test]
    fn what_is_nested_stands_behind_its_number() {
        let inner = || Reply::Array(vec![Reply::bulk("b"), Reply::bulk("c")]);
        let reply = Reply::Array(vec![Reply::bulk("a"), inner(), Reply::Array(vec![])]);
        let expected = "1) \"a\"\n2) 1) \"b\"\n   2) \"c\"\n3) (empty array)";
        assert_eq!(draw(&reply, Resp::Two), expected);
        let map = Reply::Map(vec![(Reply::bulk("k"), inner())]);
        assert_eq!(
            draw(&map, Resp::Three),
            "1# \"k\" => \n   1) \"b\"\n   2) \"c\""
        );
        let one = Reply::Map(vec![(Reply::bulk("j"), Reply::Integer(1))]);
        let map = Reply::Map(vec![(Reply::bulk("k"), one)]);
        assert_eq!(
            draw(&map, Resp::Three),
            "1# \"k\" => 1# \"j\" => (integer) 1"
        );
    }

    #[test]
    fn quoted_bytes_are_read_back_as_one_argument() {
        let all: Vec<u8> = (0..=255).collect();
        let mut quoted = String::new();
        quote(&all, &mut quoted);
        assert_eq!(split_arguments(quoted.as_bytes()), Some(vec![all]));
    }
}
