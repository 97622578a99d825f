//! Replies to bytes.
//!
//! ```text
//! reply        RESP3                    RESP2
//! Simple       +OK\r\n                  the same
//! Error        -ERR text\r\n            the same
//! Integer      :1\r\n                   the same
//! Double       ,1.5\r\n                 $3\r\n1.5\r\n
//! Bulk         $1\r\na\r\n              the same
//! Null         _\r\n                    $-1\r\n
//! NullArray    _\r\n                    *-1\r\n
//! Boolean      #t\r\n #f\r\n            :1\r\n :0\r\n
//! Array        *2\r\n...                the same
//! Bulks        as Array, Set or Map     the same
//! Scored       as Pairs                 the same
//! Map          %1\r\nkey value          *2\r\nkey value
//! Pairs        *1\r\n*2\r\nkey value    *2\r\nkey value
//! Set          ~2\r\n...                *2\r\n...
//! Push         >2\r\n...                *2\r\n...
//! Verbatim     =7\r\ntxt:abc\r\n        $3\r\nabc\r\n
//! Many         each after the other, without a frame around them
//! ```

use alloc::vec::Vec;
use core::fmt::{self, Write};

use super::Resp;
use crate::error::Error;
use crate::reply::{Frame, Reply, write_bulk};
#[cfg(feature = "sorted-sets")]
use crate::types::number::format_f64;

/// Puts a reply at the end of `out`.
pub fn write(reply: &Reply, resp: Resp, out: &mut Vec<u8>) {
    match (reply, resp) {
        (Reply::Simple(text), _) => {
            out.push(b'+');
            out.extend_from_slice(text.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        (Reply::Integer(number), _) => header(b':', *number, out),
        #[cfg(feature = "sorted-sets")]
        (Reply::Double(number), Resp::Two) => write_bulk(format_f64(*number).as_bytes(), out),
        #[cfg(feature = "sorted-sets")]
        (Reply::Double(number), Resp::Three) => {
            out.push(b',');
            out.extend_from_slice(format_f64(*number).as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        (Reply::Bulk(bytes), _) => write_bulk(bytes, out),
        (Reply::Null, Resp::Two) => out.extend_from_slice(b"$-1\r\n"),
        (Reply::NullArray, Resp::Two) => out.extend_from_slice(b"*-1\r\n"),
        (Reply::Null | Reply::NullArray, Resp::Three) => out.extend_from_slice(b"_\r\n"),
        (Reply::Boolean(yes), Resp::Two) => header(b':', i64::from(*yes), out),
        (Reply::Boolean(true), Resp::Three) => out.extend_from_slice(b"#t\r\n"),
        (Reply::Boolean(false), Resp::Three) => out.extend_from_slice(b"#f\r\n"),
        (Reply::Bulks(bulks), resp) => {
            match (bulks.frame(), resp) {
                (Frame::Array, _) | (_, Resp::Two) => count(b'*', bulks.len(), out),
                (Frame::Set, Resp::Three) => count(b'~', bulks.len(), out),
                (Frame::Map, Resp::Three) => count(b'%', bulks.len() / 2, out),
            }
            out.extend_from_slice(bulks.bytes());
        }
        #[cfg(feature = "sorted-sets")]
        (Reply::Scored(scored), resp) => {
            let is_flat = resp == Resp::Two;
            let len = scored.scores.len();
            count(b'*', if is_flat { 2 * len } else { len }, out);
            for (member, score) in scored.members.pieces().zip(&scored.scores) {
                if !is_flat {
                    count(b'*', 2, out);
                }
                out.extend_from_slice(member);
                write(&Reply::Double(*score), resp, out);
            }
        }
        (Reply::Array(items), _) => aggregate(b'*', items, resp, out),
        (Reply::Set(items), Resp::Two) => aggregate(b'*', items, resp, out),
        (Reply::Set(items), Resp::Three) => aggregate(b'~', items, resp, out),
        (Reply::Push(items), Resp::Two) => aggregate(b'*', items, resp, out),
        (Reply::Push(items), Resp::Three) => aggregate(b'>', items, resp, out),
        (Reply::Map(pairs) | Reply::Pairs(pairs), Resp::Two) => {
            count(b'*', pairs.len() * 2, out);
            in_turn(pairs, resp, out);
        }
        (Reply::Map(pairs), Resp::Three) => {
            count(b'%', pairs.len(), out);
            in_turn(pairs, resp, out);
        }
        (Reply::Pairs(pairs), Resp::Three) => {
            count(b'*', pairs.len(), out);
            for pair in pairs {
                count(b'*', 2, out);
                in_turn(core::slice::from_ref(pair), resp, out);
            }
        }
        (Reply::Verbatim(_, text), Resp::Two) => write_bulk(text, out),
        (Reply::Verbatim(format, text), Resp::Three) => {
            count(b'=', format.len() + 1 + text.len(), out);
            out.extend_from_slice(format.as_bytes());
            out.push(b':');
            out.extend_from_slice(text);
            out.extend_from_slice(b"\r\n");
        }
        (Reply::Error(error), _) => write_error(error, out),
        (Reply::Many(replies), _) => replies.iter().for_each(|reply| write(reply, resp, out)),
    }
}

/// Puts an error at the end of `out`, whichever the protocol.
pub fn write_error(error: &Error, out: &mut Vec<u8>) {
    out.push(b'-');
    write!(Line(out), "{error}").expect("a vector takes everything");
    out.extend_from_slice(b"\r\n");
}

fn count(kind: u8, count: usize, out: &mut Vec<u8>) {
    header(kind, count as i64, out);
}

fn header(kind: u8, number: i64, out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn aggregate(kind: u8, items: &[Reply], resp: Resp, out: &mut Vec<u8>) {
    count(kind, items.len(), out);
    items.iter().for_each(|item| write(item, resp, out));
}

fn in_turn(pairs: &[(Reply, Reply)], resp: Resp, out: &mut Vec<u8>) {
    for (key, value) in pairs {
        write(key, resp, out);
        write(value, resp, out);
    }
}

/// Text that must stay on its line: an error repeats the user's own bytes, and a line break among
/// them would end the reply early and have the rest of it read as another.
struct Line<'a>(&'a mut Vec<u8>);

impl Write for Line<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let on_one_line = |byte| match byte {
            b'\r' | b'\n' => b' ',
            other => other,
        };
        self.0.extend(text.bytes().map(on_one_line));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::{Bulks, Scored};

    #[track_caller]
    fn written(reply: Reply, two: &str, three: &str) {
        for (resp, expected) in [(Resp::Two, two), (Resp::Three, three)] {
            let mut out = Vec::new();
            write(&reply, resp, &mut out);
            assert_eq!(
                out.escape_ascii().to_string(),
                expected.as_bytes().escape_ascii().to_string()
            );
        }
    }

    fn pairs() -> Vec<(Reply, Reply)> {
        vec![
            (Reply::bulk("a"), Reply::Double(1.5)),
            (Reply::bulk("b"), Reply::Null),
        ]
    }

    #[test]
    fn scalars_have_both_forms() {
        written(Reply::OK, "+OK\r\n", "+OK\r\n");
        written(
            Reply::Integer(i64::MIN),
            ":-9223372036854775808\r\n",
            ":-9223372036854775808\r\n",
        );
        written(Reply::Double(1.5), "$3\r\n1.5\r\n", ",1.5\r\n");
        written(
            Reply::Double(f64::NEG_INFINITY),
            "$4\r\n-inf\r\n",
            ",-inf\r\n",
        );
        written(
            Reply::bulk("a\r\nb"),
            "$4\r\na\r\nb\r\n",
            "$4\r\na\r\nb\r\n",
        );
        written(Reply::Null, "$-1\r\n", "_\r\n");
        written(Reply::NullArray, "*-1\r\n", "_\r\n");
        written(Reply::Boolean(true), ":1\r\n", "#t\r\n");
        written(Reply::Boolean(false), ":0\r\n", "#f\r\n");
        written(
            Reply::Verbatim("txt", b"abc".to_vec()),
            "$3\r\nabc\r\n",
            "=7\r\ntxt:abc\r\n",
        );
    }

    #[test]
    fn aggregates_are_flat_arrays_in_resp2() {
        let items = || vec![Reply::Integer(1), Reply::Boolean(true)];
        written(
            Reply::Array(items()),
            "*2\r\n:1\r\n:1\r\n",
            "*2\r\n:1\r\n#t\r\n",
        );
        written(
            Reply::Set(items()),
            "*2\r\n:1\r\n:1\r\n",
            "~2\r\n:1\r\n#t\r\n",
        );
        written(
            Reply::Push(items()),
            "*2\r\n:1\r\n:1\r\n",
            ">2\r\n:1\r\n#t\r\n",
        );
        let flat = "*4\r\n$1\r\na\r\n$3\r\n1.5\r\n$1\r\nb\r\n$-1\r\n";
        written(
            Reply::Map(pairs()),
            flat,
            "%2\r\n$1\r\na\r\n,1.5\r\n$1\r\nb\r\n_\r\n",
        );
        written(
            Reply::Pairs(pairs()),
            flat,
            "*2\r\n*2\r\n$1\r\na\r\n,1.5\r\n*2\r\n$1\r\nb\r\n_\r\n",
        );
        written(Reply::Array(vec![]), "*0\r\n", "*0\r\n");
    }

    #[test]
    fn packed_strings_are_written_as_if_each_stood_alone() {
        let names = ["", "a\r\n", "0123456789"];
        let bulks = |frame| {
            let mut bulks = Bulks::default();
            names.iter().for_each(|name| bulks.push(name.as_bytes()));
            bulks.push(&[b'x'; 1000]);
            bulks.framed(frame)
        };
        let each = || names.map(Reply::bulk).into_iter();
        let all = || each().chain([Reply::bulk("x".repeat(1000))]).collect();
        let pairs = |values: Vec<Reply>| values.into_iter().zip([1.0, -0.5, 1e100, 3.0]);
        let paired = pairs(all()).map(|(name, score)| (name, Reply::Double(score)));
        let mut in_two: Vec<Reply> = all();
        let behind = in_two.split_off(2);
        let map = vec![
            (in_two[0].clone(), in_two[1].clone()),
            (behind[0].clone(), behind[1].clone()),
        ];
        let scored = Reply::Scored(Scored {
            members: bulks(Frame::Array),
            scores: vec![1.0, -0.5, 1e100, 3.0],
        });
        for (packed, plain) in [
            (Reply::Bulks(bulks(Frame::Array)), Reply::Array(all())),
            (Reply::Bulks(bulks(Frame::Set)), Reply::Set(all())),
            (Reply::Bulks(bulks(Frame::Map)), Reply::Map(map)),
            (scored, Reply::Pairs(paired.collect())),
        ] {
            let [two, three] = [Resp::Two, Resp::Three].map(|resp| {
                let mut out = Vec::new();
                write(&plain, resp, &mut out);
                String::from_utf8(out).expect("text")
            });
            written(packed, &two, &three);
        }
    }

    #[test]
    fn many_replies_have_no_frame_around_them() {
        written(
            Reply::Many(vec![Reply::OK, Reply::Integer(1)]),
            "+OK\r\n:1\r\n",
            "+OK\r\n:1\r\n",
        );
        written(Reply::Many(vec![]), "", "");
    }

    #[test]
    fn an_error_stays_on_its_line_whatever_the_user_sent() {
        let error = Error::SaidOf("ERR no 'a\r\n+OK\r\n'".into());
        written(
            Reply::Error(error),
            "-ERR no 'a  +OK  '\r\n",
            "-ERR no 'a  +OK  '\r\n",
        );
    }
}
