//! SORT: the elements of a list, set or sorted set in an order of the caller's, with what stands
//! under keys that are named after them.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::ops::Range;

use super::args::{Args, amount};
use super::flags::Flags;
use super::order::sorted;
use super::row::{Command, Method, methods, prose};
use crate::db::{Ctx, Event, Standing, Ttl};
use crate::error::{Error, Result};
use crate::reply::Reply;
use crate::types::{List, Side, ValueRef, number};

const NOT_NUMBERS: &str = "ERR One or more scores can't be converted into double";
const ERRORS: &[&str] = &[
    "WRONGTYPE",
    "ERR syntax error",
    "ERR value is not an integer or out of range",
    NOT_NUMBERS,
];
const COST: &str =
    "O(N+M*log(M)), N being the elements and M those answered; O(N) where nothing is sorted";

pub(super) const ROWS: &[Command] = &[
    Command {
        name: "SORT",
        usage: "key [BY by-pattern] [LIMIT offset count] [GET get-pattern [GET get-pattern ...]] \
                [ASC | DESC] [ALPHA] [STORE destination]",
        summary: prose(
            "Answers the elements of a list, set or sorted set in order, by themselves or by other \
             keys, or keeps them as a list.",
        ),
        complexity: prose(COST),
        group: "generic",
        since: "1.0.0",
        flags: Flags::WRITE.and(Flags::GROWS).and(Flags::MOVABLE_KEYS),
        errors: ERRORS,
        methods: methods(&[
            Method::new("sort", "key, options?: SortOptions", "(Text | null)[]"),
            Method::new(
                "sortStore",
                "source, destination, options?: SortOptions",
                "number",
            )
            .sending("source options STORE destination"),
        ]),
        run: sort,
    },
    Command {
        name: "SORT_RO",
        usage: "key [BY by-pattern] [LIMIT offset count] [GET get-pattern [GET get-pattern ...]] \
                [ASC | DESC] [ALPHA]",
        summary: prose("As SORT, and never writes."),
        complexity: prose(COST),
        group: "generic",
        since: "7.0.0",
        flags: Flags::READS.and(Flags::MOVABLE_KEYS),
        errors: ERRORS,
        methods: methods(&[Method::new(
            "sortRo",
            "key, options?: SortOptions",
            "(Text | null)[]",
        )]),
        run: sort_ro,
    },
];

/// Everything behind the key in a call.
#[derive(Debug, Default)]
struct Options<'a> {
    by: Option<&'a [u8]>,
    /// Offset and count; a negative count is without bound.
    limit: Option<(i64, i64)>,
    get: Vec<&'a [u8]>,
    descending: bool,
    alpha: bool,
    store: Option<&'a [u8]>,
}

impl<'a> Options<'a> {
    fn read(args: &mut Args<'a>, may_store: bool) -> Result<Options<'a>> {
        let mut options = Options::default();
        while !args.is_done() {
            let left = args.left();
            if args.word("ASC") {
                options.descending = false;
            } else if args.word("DESC") {
                options.descending = true;
            } else if args.word("ALPHA") {
                options.alpha = true;
            } else if left > 2 && args.word("LIMIT") {
                options.limit = Some((args.int()?, args.int()?));
            } else if left > 1 && args.word("BY") {
                options.by = Some(args.bytes()?);
            } else if left > 1 && args.word("GET") {
                options.get.push(args.bytes()?);
            } else if left > 1 && may_store && args.word("STORE") {
                options.store = Some(args.bytes()?);
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(options)
    }

    /// A pattern without a place for the element asks for the order in which the elements stand.
    fn order(&self, of_set: bool) -> Order<'a> {
        match self.by {
            None => Order::ByElement,
            Some(pattern) if pattern.contains(&b'*') => Order::ByKey(pattern),
            // A set has no order that another store would have as well.
            Some(_) if of_set && self.store.is_some() => Order::AsText,
            Some(_) => Order::AsItStands,
        }
    }

    /// The places of the sorted elements that are answered.
    fn window(&self, len: usize) -> Range<usize> {
        let (offset, count) = self.limit.unwrap_or((0, -1));
        let start = amount(offset.max(0).unsigned_abs()).min(len);
        let count = usize::try_from(count).unwrap_or(len);
        start..start.saturating_add(count).min(len)
    }
}

/// What the elements are sorted by.
#[derive(Debug, Clone, Copy)]
enum Order<'a> {
    AsItStands,
    ByElement,
    AsText,
    ByKey(&'a [u8]),
}

/// What one element is sorted by.
#[derive(Debug)]
enum Rank {
    Number(f64),
    /// None, where there is no key to sort by, comes first.
    Text(Option<Vec<u8>>),
}

impl Rank {
    fn compare(&self, other: &Rank) -> Ordering {
        match (self, other) {
            (Rank::Number(one), Rank::Number(other)) => one.total_cmp(other),
            (Rank::Text(one), Rank::Text(other)) => one.cmp(other),
            (Rank::Number(_), Rank::Text(_)) => Ordering::Less,
            (Rank::Text(_), Rank::Number(_)) => Ordering::Greater,
        }
    }
}

fn sort(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    run(ctx, args, true)
}

fn sort_ro(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    run(ctx, args, false)
}

fn run(ctx: &mut Ctx, args: &mut Args, may_store: bool) -> Result<Reply> {
    let key = args.bytes()?;
    let options = Options::read(args, may_store)?;
    ctx.touch(key);
    let of_set = matches!(ctx.look(key).map(Standing::value), Some(ValueRef::Set(_)));
    let elements = elements(ctx, key)?;
    let mut sorted = in_order(ctx, elements, options.order(of_set), &options)?;
    let answered: Vec<Vec<u8>> = sorted.drain(options.window(sorted.len())).collect();
    let answer = with_keys(ctx, answered, &options.get);
    Ok(match options.store {
        Some(destination) => Reply::count(store(ctx, destination, answer)),
        None => Reply::Array(answer.into_iter().map(Reply::bulk_or_null).collect()),
    })
}

/// The elements in the order in which they stand.
fn elements(ctx: &Ctx, key: &[u8]) -> Result<Vec<Vec<u8>>> {
    Ok(match ctx.look(key).map(Standing::value) {
        None => Vec::new(),
        Some(ValueRef::List(list)) => list.iter().map(|element| element.to_vec()).collect(),
        Some(ValueRef::Set(set)) => set.iter().map(|member| member.to_vec()).collect(),
        Some(ValueRef::ZSet(zset)) => zset.iter().map(|(member, _)| member.to_vec()).collect(),
        Some(_) => return Err(Error::WrongType),
    })
}

fn in_order(
    ctx: &mut Ctx,
    mut elements: Vec<Vec<u8>>,
    order: Order,
    options: &Options,
) -> Result<Vec<Vec<u8>>> {
    if let Order::AsItStands = order {
        if options.descending {
            elements.reverse();
        }
        return Ok(elements);
    }
    let mut ranked = Vec::with_capacity(elements.len());
    for element in elements {
        ranked.push((rank(ctx, &element, order, options.alpha)?, element));
    }
    // Equal ranks go by the elements themselves, so that no hash seed shows.
    let ranked = sorted(ranked, |one, other| {
        let ordering = one.0.compare(&other.0).then_with(|| one.1.cmp(&other.1));
        if options.descending {
            ordering.reverse()
        } else {
            ordering
        }
    });
    Ok(ranked.into_iter().map(|(_, element)| element).collect())
}

fn rank(ctx: &mut Ctx, element: &[u8], order: Order, alpha: bool) -> Result<Rank> {
    let text: Option<Cow<[u8]>> = match order {
        Order::ByKey(pattern) => under_pattern(ctx, pattern, element).map(Cow::Owned),
        _ => Some(Cow::Borrowed(element)),
    };
    if alpha || matches!(order, Order::AsText) {
        return Ok(Rank::Text(text.map(Cow::into_owned)));
    }
    let number = text.map_or(Some(0.0), |text| weight(&text));
    // -0 and 0 are one number, which the total order of floats does not know.
    Ok(Rank::Number(number.ok_or(Error::Said(NOT_NUMBERS))? + 0.0))
}

/// A number as C's `strtod` reads it, which Redis calls here: white space in front, the end at a
/// NUL, nothing at all for 0.
fn weight(text: &[u8]) -> Option<f64> {
    let end = text
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(text.len());
    match &text[..end] {
        [] => Some(0.0),
        text => {
            let is_space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
            let start = text.iter().position(|byte| !is_space(byte))?;
            number::parse_f64(&text[start..])
        }
    }
}

/// For each element what stands under each pattern; the element itself where there is none.
fn with_keys(ctx: &mut Ctx, elements: Vec<Vec<u8>>, get: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
    if get.is_empty() {
        return elements.into_iter().map(Some).collect();
    }
    let mut found = Vec::with_capacity(elements.len() * get.len());
    for element in &elements {
        found.extend(
            get.iter()
                .map(|pattern| under_pattern(ctx, pattern, element)),
        );
    }
    found
}

/// What stands under the key that a pattern makes of an element: `weight_*` a string, `object_*->field`
/// a field of a hash, `#` the element itself.
fn under_pattern(ctx: &mut Ctx, pattern: &[u8], element: &[u8]) -> Option<Vec<u8>> {
    if pattern == b"#" {
        return Some(element.to_vec());
    }
    let star = pattern.iter().position(|&byte| byte == b'*')?;
    let (before, after) = (&pattern[..star], &pattern[star + 1..]);
    let arrow = after.windows(2).position(|pair| pair == b"->");
    // An arrow that points to nothing is a part of the key.
    let (after, field) = match arrow.filter(|arrow| arrow + 2 < after.len()) {
        Some(arrow) => (&after[..arrow], Some(&after[arrow + 2..])),
        None => (after, None),
    };
    let key = [before, element, after].concat();
    ctx.touch(&key);
    match (ctx.look(&key)?.value(), field) {
        (ValueRef::String(string), None) => Some(string.to_vec()),
        (ValueRef::Hash(hash), Some(field)) => hash.get(field).map(|value| value.to_vec()),
        _ => None,
    }
}

/// Writes a list in the place of whatever stood there; answers its length. What was not found is
/// an empty string.
fn store(ctx: &mut Ctx, destination: &[u8], elements: Vec<Option<Vec<u8>>>) -> usize {
    let mut list = List::default();
    let bytes = elements
        .iter()
        .map(|element| element.as_deref().unwrap_or_default());
    list.push(Side::Right, bytes, &ctx.limits());
    ctx.put(destination, Event::SortStore, list, Ttl::Clear);
    elements.len()
}
