//! A fingerprint of all data, equal for equal contents whatever the seed, thresholds or order of
//! insertion: what the laws of replay and undo compare.

use alloc::vec::Vec;
use core::hash::Hasher;

use siphasher::sip::SipHasher13;

use super::keyspace::Standing;
use super::state::State;
use crate::types::ValueRef;

impl State {
    /// The exclusive or of one hash per key, over database, key, deadline and contents. O(all data).
    pub fn digest(&self) -> u64 {
        let databases = self.databases.iter().enumerate();
        databases
            .flat_map(|(db, keyspace)| keyspace.iter().map(move |standing| of_key(db, standing)))
            .fold(0, |digest, one| digest ^ one)
    }
}

fn of_key(db: usize, standing: Standing) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write_usize(db);
    part(&mut hasher, standing.key());
    hasher.write_i64(standing.deadline().unwrap_or(i64::MIN));
    hasher.write(standing.value().type_name().as_bytes());
    match standing.value() {
        ValueRef::String(value) => part(&mut hasher, &value.as_bytes()),
        #[cfg(feature = "lists")]
        ValueRef::List(value) => value
            .iter()
            .for_each(|item| part(&mut hasher, &item.to_bytes())),
        ValueRef::Hash(value) => {
            let pairs = value.iter();
            hasher.write_u64(unordered(
                pairs.map(|(field, value)| [field.to_vec(), value.to_vec()]),
            ));
        }
        #[cfg(feature = "sets")]
        ValueRef::Set(value) => {
            hasher.write_u64(unordered(value.iter().map(|member| [member.to_vec()])));
        }
        #[cfg(feature = "sorted-sets")]
        ValueRef::ZSet(value) => {
            for (member, score) in value.iter() {
                part(&mut hasher, &member.to_bytes());
                hasher.write_u64(score.get().to_bits());
            }
        }
    }
    hasher.finish()
}

/// The same for any order of the elements.
fn unordered<const N: usize>(elements: impl Iterator<Item = [Vec<u8>; N]>) -> u64 {
    elements.fold(0, |sum: u64, element| {
        let mut hasher = SipHasher13::new();
        element.iter().for_each(|bytes| part(&mut hasher, bytes));
        sum.wrapping_add(hasher.finish())
    })
}

/// With its length, so that no two sequences of parts run together alike.
fn part(hasher: &mut SipHasher13, bytes: &[u8]) {
    hasher.write_usize(bytes.len());
    hasher.write(bytes);
}
