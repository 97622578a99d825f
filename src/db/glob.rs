//! Patterns as KEYS, SCAN, PSUBSCRIBE and CONFIG GET take them.

/// Whether `text` matches a glob-style `pattern`: `*`, `?`, `[abc]`, `[^a]`, `[a-z]`, `\x`.
///
/// Linear but for `*`, of which only the last one seen is ever tried again, so the worst case is
/// O(pattern * text) and no pattern can blow up.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go on when the text after the last `*` did not match: one byte further.
    let mut star: Option<(usize, usize)> = None;
    loop {
        if p < pattern.len() && pattern[p] == b'*' {
            star = Some((p + 1, t));
            p += 1;
            continue;
        }
        if t == text.len() {
            return p == pattern.len();
        }
        match one(&pattern[p..], text[t]) {
            Some(used) => {
                p += used;
                t += 1;
            }
            None => match star {
                Some((after, tried)) => {
                    (p, t) = (after, tried + 1);
                    star = Some((after, tried + 1));
                }
                None => return false,
            },
        }
    }
}

/// Bytes of the pattern that stand for this one byte of the text, if they do.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match *pattern.first()? {
        b'?' => Some(1),
        b'[' => class(pattern, byte),
        b'\\' if pattern.len() > 1 => (pattern[1] == byte).then_some(2),
        literal => (literal == byte).then_some(1),
    }
}

/// A bracket. As in Redis it may lack its end, and then reaches to the end of the pattern.
fn class(pattern: &[u8], byte: u8) -> Option<usize> {
    let mut at = 1;
    let negated = pattern.get(at) == Some(&b'^');
    at += usize::from(negated);
    let mut found = false;
    while at < pattern.len() && pattern[at] != b']' {
        if pattern[at] == b'\\' && at + 1 < pattern.len() {
            found |= pattern[at + 1] == byte;
            at += 2;
        } else if at + 2 < pattern.len() && pattern[at + 1] == b'-' {
            let (low, high) = (
                pattern[at].min(pattern[at + 2]),
                pattern[at].max(pattern[at + 2]),
            );
            found |= (low..=high).contains(&byte);
            at += 3;
        } else {
            found |= pattern[at] == byte;
            at += 1;
        }
    }
    (found != negated).then_some((at + 1).min(pattern.len()))
}
