//! A call as it goes over a wire.

use alloc::vec::Vec;

/// Puts a call at the end of `out`, as a client sends it: `*2 $3 GET $1 k`, with CR LF behind each.
pub fn write_call<A: AsRef<[u8]>>(
    argv: impl IntoIterator<Item = A, IntoIter: ExactSizeIterator>,
    out: &mut Vec<u8>,
) {
    let argv = argv.into_iter();
    write_line(b'*', argv.len(), out);
    for argument in argv {
        let argument = argument.as_ref();
        write_line(b'$', argument.len(), out);
        out.extend_from_slice(argument);
        out.extend_from_slice(b"\r\n");
    }
}

fn write_line(kind: u8, number: usize, out: &mut Vec<u8>) {
    // Nearly all are this short.
    if number < 100 {
        let (tens, ones) = (b'0' + (number / 10) as u8, b'0' + (number % 10) as u8);
        return match number {
            0..10 => out.extend_from_slice(&[kind, ones, b'\r', b'\n']),
            _ => out.extend_from_slice(&[kind, tens, ones, b'\r', b'\n']),
        };
    }
    out.push(kind);
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    out.extend_from_slice(b"\r\n");
}
