//! What a snapshot consists of, and where the journal goes on from it.
//!
//! ```text
//! manifest  "NOOK" | format u8 = 1 | store_id u128 | incarnation u32 | epoch u32 | base_seq u64 | made_at_ms i64
//!           | hash seed u64 u64 | clients | next_chunk | chunks | CRC-64 of all before, u64
//! clients   count | (client u128 | last n u64) ...
//! chunks    count | (first id | parts | keys | codec u8 = 0 | key_id u32 = 0) ...
//! ```
//!
//! Integers are little-endian; counts, ids, parts and keys are LEB128. `codec` and `key_id` are there
//! for compression and encryption to come; a reader refuses those that it does not know.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use super::rdb::crc64;
use crate::db::bytes::{Parts, write_number};

const MAGIC: &[u8; 4] = b"NOOK";
const FORMAT: u8 = 1;
const CHECKSUM_BYTES: usize = size_of::<u64>();

/// A chunk as the storage holds it: one value, or several where it is larger than a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkEntry {
    /// The id of the first part; the others follow it.
    pub first_id: u64,
    pub parts: u64,
    /// How many keys are in it: what is lost when it is damaged.
    pub keys: u64,
}

impl ChunkEntry {
    pub fn ids(&self) -> Range<u64> {
        self.first_id..self.first_id.saturating_add(self.parts)
    }
}

/// The last step of a client that the snapshot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientMark {
    pub client: u128,
    pub n: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    pub store_id: u128,
    /// Another one after what was kept was replaced as a whole: import, wipe.
    pub incarnation: u32,
    /// Of the writer.
    pub epoch: u32,
    /// The last step that the snapshot holds.
    pub base_seq: u64,
    pub made_at_ms: i64,
    pub seed: [u64; 2],
    pub clients: Vec<ClientMark>,
    /// The first id that no chunk ever had.
    pub next_chunk: u64,
    pub chunks: Vec<ChunkEntry>,
}

/// Why bytes are no manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManifestError {
    NotAManifest,
    /// Written by a version of nookdb that came later.
    UnknownFormat(u8),
    /// Needs a codec or a key that is not there.
    UnknownCodec,
    Checksum,
    Malformed,
}

impl core::error::Error for ManifestError {}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ManifestError::NotAManifest => f.write_str("not a manifest"),
            ManifestError::UnknownFormat(format) => {
                write!(f, "a manifest of the unknown format {format}")
            }
            ManifestError::UnknownCodec => f.write_str("a chunk under an unknown codec or key"),
            ManifestError::Checksum => f.write_str("a manifest whose checksum is wrong"),
            ManifestError::Malformed => f.write_str("a manifest that cannot be read"),
        }
    }
}

impl ManifestError {
    /// Whether a version that came later may read it: it is not damaged then, and nothing is lost.
    pub fn is_of_newer(&self) -> bool {
        match self {
            ManifestError::UnknownFormat(format) => *format > FORMAT,
            ManifestError::UnknownCodec => true,
            _ => false,
        }
    }
}

impl Manifest {
    /// Takes ids for the parts of a chunk.
    pub fn add(&mut self, parts: u64, keys: u64) -> ChunkEntry {
        let entry = ChunkEntry {
            first_id: self.next_chunk,
            parts,
            keys,
        };
        self.next_chunk += parts;
        self.chunks.push(entry);
        entry
    }

    #[inline(never)]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.push(FORMAT);
        out.extend_from_slice(&self.store_id.to_le_bytes());
        out.extend_from_slice(&self.incarnation.to_le_bytes());
        out.extend_from_slice(&self.epoch.to_le_bytes());
        out.extend_from_slice(&self.base_seq.to_le_bytes());
        out.extend_from_slice(&self.made_at_ms.to_le_bytes());
        for half in self.seed {
            out.extend_from_slice(&half.to_le_bytes());
        }
        write_number(self.clients.len() as u64, &mut out);
        for mark in &self.clients {
            out.extend_from_slice(&mark.client.to_le_bytes());
            out.extend_from_slice(&mark.n.to_le_bytes());
        }
        write_number(self.next_chunk, &mut out);
        write_number(self.chunks.len() as u64, &mut out);
        for chunk in &self.chunks {
            write_number(chunk.first_id, &mut out);
            write_number(chunk.parts, &mut out);
            write_number(chunk.keys, &mut out);
            out.push(0);
            out.extend_from_slice(&0u32.to_le_bytes());
        }
        let checksum = crc64(0, &out);
        out.extend_from_slice(&checksum.to_le_bytes());
        out
    }

    /// # Errors
    /// Where the bytes are anything but one whole manifest of a known format.
    #[inline(never)]
    pub fn decode(bytes: &[u8]) -> Result<Manifest, ManifestError> {
        let rest = bytes
            .strip_prefix(MAGIC)
            .ok_or(ManifestError::NotAManifest)?;
        let (body, checksum) = rest
            .split_last_chunk::<CHECKSUM_BYTES>()
            .ok_or(ManifestError::Malformed)?;
        // Before the format, which goes bad as other bytes do. It is there in formats to come, or the storages say that they have one
        // to come (`FORMAT` in storage/rules.ts).
        if crc64(0, &bytes[..bytes.len() - CHECKSUM_BYTES]).to_le_bytes() != *checksum {
            return Err(ManifestError::Checksum);
        }
        let (&format, body) = body.split_first().ok_or(ManifestError::Malformed)?;
        if format != FORMAT {
            return Err(ManifestError::UnknownFormat(format));
        }
        let mut parts = Parts(body);
        let (manifest, is_plain) = read(&mut parts).ok_or(ManifestError::Malformed)?;
        match is_plain {
            _ if !parts.is_empty() => Err(ManifestError::Malformed),
            true => Ok(manifest),
            false => Err(ManifestError::UnknownCodec),
        }
    }
}

/// The manifest, and whether all its chunks are under the codec and key that we know.
fn read(parts: &mut Parts) -> Option<(Manifest, bool)> {
    let mut manifest = Manifest {
        store_id: parts.u128()?,
        incarnation: parts.u32()?,
        epoch: parts.u32()?,
        base_seq: parts.u64()?,
        made_at_ms: parts.i64()?,
        seed: [parts.u64()?, parts.u64()?],
        ..Manifest::default()
    };
    for _ in 0..parts.count()? {
        let (client, n) = (parts.u128()?, parts.u64()?);
        manifest.clients.push(ClientMark { client, n });
    }
    manifest.next_chunk = parts.number()?;
    let mut is_plain = true;
    for _ in 0..parts.count()? {
        let (first_id, count, keys) = (parts.number()?, parts.number()?, parts.number()?);
        let (codec, key_id) = (parts.u8()?, parts.u32()?);
        is_plain &= codec == 0 && key_id == 0;
        manifest.chunks.push(ChunkEntry {
            first_id,
            parts: count,
            keys,
        });
    }
    Some((manifest, is_plain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn manifest() -> impl Strategy<Value = Manifest> {
        let marks = vec((any::<u128>(), any::<u64>()), 0..3);
        let chunks = vec((1u64..4, any::<u64>()), 0..5);
        (
            any::<u128>(),
            any::<[u32; 2]>(),
            any::<u64>(),
            any::<i64>(),
            any::<[u64; 2]>(),
            marks,
            chunks,
        )
            .prop_map(
                |(store_id, [incarnation, epoch], base_seq, made_at_ms, seed, marks, chunks)| {
                    let marks = marks
                        .into_iter()
                        .map(|(client, n)| ClientMark { client, n });
                    let mut manifest = Manifest {
                        store_id,
                        incarnation,
                        epoch,
                        base_seq,
                        made_at_ms,
                        seed,
                        clients: marks.collect(),
                        ..Manifest::default()
                    };
                    for (parts, keys) in chunks {
                        manifest.add(parts, keys);
                    }
                    manifest
                },
            )
    }

    proptest! {
        #[test]
        fn a_manifest_comes_back_as_it_was(manifest in manifest()) {
            prop_assert_eq!(Manifest::decode(&manifest.encode()), Ok(manifest));
        }

        #[test]
        fn a_manifest_with_one_byte_changed_is_refused(manifest in manifest(), at: prop::sample::Index, change in 1u8..) {
            let mut bytes = manifest.encode();
            let at = at.index(bytes.len());
            bytes[at] ^= change;
            prop_assert!(Manifest::decode(&bytes).is_err());
        }

        #[test]
        fn any_body_under_a_right_checksum_is_read_without_a_panic(body: Vec<u8>) {
            let mut bytes = [MAGIC.as_slice(), &[FORMAT], &body].concat();
            bytes.extend_from_slice(&crc64(0, &bytes).to_le_bytes());
            let _ = Manifest::decode(&bytes);
        }
    }

    #[test]
    fn a_manifest_of_a_later_format_or_codec_says_so_and_not_that_it_is_damaged() {
        let checked = |mut bytes: Vec<u8>| {
            let end = bytes.len() - CHECKSUM_BYTES;
            let checksum = crc64(0, &bytes[..end]).to_le_bytes();
            bytes[end..].copy_from_slice(&checksum);
            bytes
        };
        let mut bytes = Manifest::default().encode();
        bytes[MAGIC.len()] = FORMAT + 1;
        // Without its checksum it is one of this format, with a byte that has gone bad.
        assert_eq!(Manifest::decode(&bytes), Err(ManifestError::Checksum));
        let error = Manifest::decode(&checked(bytes)).expect_err("another format");
        assert_eq!(error, ManifestError::UnknownFormat(FORMAT + 1));
        assert!(error.is_of_newer());

        let mut manifest = Manifest::default();
        manifest.add(1, 1);
        let mut bytes = manifest.encode();
        let at = bytes.len() - CHECKSUM_BYTES - 5;
        bytes[at] = 1;
        let error = Manifest::decode(&checked(bytes)).expect_err("a codec");
        assert_eq!(error, ManifestError::UnknownCodec);
        assert!(error.is_of_newer());
        assert!(!ManifestError::Checksum.is_of_newer());
    }

    #[test]
    fn chunks_never_share_an_id() {
        let mut manifest = Manifest {
            next_chunk: 7,
            ..Manifest::default()
        };
        let ids: [Vec<u64>; 2] =
            [manifest.add(2, 1), manifest.add(1, 1)].map(|chunk| chunk.ids().collect());
        assert_eq!(ids, [vec![7, 8], vec![9]]);
    }
}
