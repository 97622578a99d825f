//! An order beside a list that is kept in order.

use proptest::prelude::*;

use super::*;
use crate::types::zset::places::PLACES_MAX;

/// A place whose member comes before others of its score by its slot, of which three have one score.
fn place(slot: u32) -> Place {
    let score = Score::new(f64::from(slot / 3)).expect("a number");
    Place { score, slot }
}

fn spot(slot: u32) -> Spot<impl Fn(u32) -> bool> {
    Spot {
        place: place(slot),
        is_upto: move |other| other <= slot,
    }
}

/// Checks the invariants below a node; gives its depth.
fn check(node: &Node, is_root: bool) -> usize {
    assert!(node.fill() <= PLACES_MAX && (node.fill() > 0 || is_root));
    let Node::Branch(branch) = node else {
        return 1;
    };
    assert!(branch.nodes.len() > 1 || !is_root);
    assert_eq!(branch.firsts.len(), branch.nodes.len());
    assert_eq!(branch.lens.len(), branch.nodes.len());
    let depths: Vec<usize> = (branch.nodes.iter().enumerate())
        .map(|(at, node)| {
            assert_eq!(branch.lens[at] as usize, node.len());
            assert_eq!(branch.firsts.at(at), node.first());
            check(node, false)
        })
        .collect();
    assert!(depths.iter().all(|&depth| depth == depths[0]));
    for pair in branch.nodes.windows(2) {
        let (left, right) = (pair[0].fill(), pair[1].fill());
        assert!(
            left + right > PLACES_MAX / 2,
            "{left} and {right} are neighbours"
        );
    }
    depths[0] + 1
}

fn all(order: &Order) -> Vec<u32> {
    order.range(0..order.len).map(|place| place.slot).collect()
}

/// By the way that is known, where one is.
fn insert(order: &mut Order, slot: u32) {
    let (path, _) = order.path(place(slot).score);
    let path = if slot.is_multiple_of(2) {
        path
    } else {
        Path::UNKNOWN
    };
    order.insert(spot(slot), path);
}

fn up_to(count: u32) -> Order {
    let mut order = Order::default();
    (0..count).for_each(|slot| insert(&mut order, slot));
    order
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn it_is_a_sequence_through_any_insertions_and_removals(
        grow in prop::collection::vec(0..1_000_000u32, 0..9000),
        shrink in prop::collection::vec(any::<prop::sample::Index>(), 0..9000),
        (start, end) in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        stale in 1..40usize,
    ) {
        let (mut order, mut twin) = (Order::default(), Vec::new());
        let mut paths = vec![Path::UNKNOWN; stale];
        for (number, slot) in grow.into_iter().enumerate() {
            if let Err(rank) = twin.binary_search(&slot) {
                twin.insert(rank, slot);
                // A way that some other search took, some changes ago, does no harm.
                order.insert(spot(slot), paths[number % stale]);
                paths[number % stale] = order.path(place(slot).score).0;
            }
        }
        check(&order.root, true);
        for (number, pick) in shrink.into_iter().enumerate() {
            if let Some(&slot) = twin.get(pick.index(twin.len().max(1))) {
                let rank = twin.partition_point(|&other| other < slot);
                prop_assert_eq!(order.rank(spot(slot)), rank);
                if slot % 3 == 0 && twin.binary_search(&(slot + 1)).is_err() {
                    // A new name in the same place.
                    order.rename(spot(slot), slot + 1);
                    twin[rank] += 1;
                } else {
                    order.remove(spot(slot), paths[number % stale]);
                    paths[number % stale] = order.path(place(slot).score).0;
                    twin.remove(rank);
                }
            }
        }
        check(&order.root, true);
        prop_assert_eq!(all(&order), twin.clone());
        let (start, end) = (start.index(twin.len() + 1), end.index(twin.len() + 1));
        let range = start.min(end)..start.max(end);
        prop_assert_eq!(order.range(range.clone()).rev().map(|place| place.slot).collect::<Vec<_>>(),
            twin[range].iter().rev().copied().collect::<Vec<_>>());
    }
}

#[test]
fn the_first_place_is_renamed_in_every_branch_above_it() {
    let mut order = Order::default();
    (0..10_000).for_each(|number| insert(&mut order, 9 * number));
    for slot in [9 * 5000, 9 * 64, 9, 0] {
        order.rename(spot(slot), slot + 1);
        check(&order.root, true);
        assert_eq!(order.get(slot as usize / 9), place(slot + 1));
    }
    order.remove(spot(1), Path::UNKNOWN);
    check(&order.root, true);
    insert(&mut order, 3);
    check(&order.root, true);
    assert_eq!(order.get(0), place(3));
}

#[test]
fn both_ends_of_a_walk_meet_in_the_middle() {
    let order = up_to(1000);
    let mut walk = order.range(100..900);
    let mut met = Vec::new();
    while let Some(front) = walk.next() {
        met.push(front.slot);
        met.extend(walk.next_back().map(|place| place.slot));
    }
    met.sort_unstable();
    assert_eq!(met, (100..900).collect::<Vec<_>>());
}

// A full branch whose last leaf was split gave away a branch of one child, beside one of two.
#[test]
fn a_split_before_the_end_leaves_no_small_neighbours() {
    let full = PLACES_MAX * (PLACES_MAX + 1) + 1;
    let mut order = Order::default();
    (0..full as u32).for_each(|number| insert(&mut order, 2 * number));
    insert(&mut order, 2 * (PLACES_MAX * PLACES_MAX - 10) as u32 + 1);
    check(&order.root, true);
}

#[test]
fn what_is_loaded_in_order_fills_its_nodes() {
    let order = up_to(200_000);
    let depth = check(&order.root, true);
    assert_eq!(depth, 3, "64 * 64 * 64 is more than 200,000");
    for rank in (0..200_000).step_by(997) {
        let slot = rank as u32;
        assert_eq!(order.partition_point(|place| place.slot < slot), rank);
        assert_eq!(order.get(rank), place(slot));
    }
}

#[test]
fn a_known_way_is_taken_while_it_leads_there() {
    let mut order = up_to(100_000);
    let sought = place(77_777);
    let (path, leaf) = order.path(sought.score);
    assert!(leaf.len() - leaf.below(sought.score) > 2, "in that leaf");
    (70_000..77_000).for_each(|slot| order.remove(spot(slot), path));
    check(&order.root, true);
    assert_eq!(order.rank(spot(77_777)), 70_777);
    order.remove(spot(77_777), path);
    order.insert(spot(77_777), path);
    check(&order.root, true);
    assert_eq!(order.rank(spot(77_777)), 70_777);
}

#[test]
fn it_is_freed_leaf_by_leaf() {
    let mut order = up_to(10_000);
    let mut freed = 0;
    loop {
        let leaf = order.free_leaf();
        if leaf == 0 {
            break;
        }
        assert!(leaf <= PLACES_MAX);
        freed += leaf;
    }
    assert_eq!(freed, 10_000);
}
