//! The checksum at the end of an RDB file and of a DUMP payload: CRC-64 with the polynomial of
//! Jones (0xad93d23594c935a9), bits reflected, starting from 0, nothing inverted.

use alloc::boxed::Box;

use once_cell::race::OnceBox;

/// The polynomial with its bits turned round, since the lowest bit goes first.
const POLYNOMIAL: u64 = 0x95ac_9329_ac4b_c9b5;

/// `TABLES[n][byte]` is what a byte adds to the checksum when `n` more bytes follow it. Eight of
/// them take eight bytes at a step. Made when first needed: 16 KiB would weigh in the wasm.
static TABLES: OnceBox<[[u64; 256]; 8]> = OnceBox::new();

fn tables() -> Box<[[u64; 256]; 8]> {
    let mut tables = Box::new([[0; 256]; 8]);
    for byte in 0..256 {
        let mut crc = byte as u64;
        for _ in 0..8 {
            crc = (crc >> 1) ^ if crc & 1 == 1 { POLYNOMIAL } else { 0 };
        }
        tables[0][byte] = crc;
    }
    for further in 1..8 {
        for byte in 0..256 {
            let crc = tables[further - 1][byte];
            tables[further][byte] = (crc >> 8) ^ tables[0][(crc & 0xff) as usize];
        }
    }
    tables
}

/// The checksum of what gave `crc` with `bytes` behind it.
pub fn crc64(mut crc: u64, bytes: &[u8]) -> u64 {
    let tables = TABLES.get_or_init(tables);
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        let mixed = crc ^ u64::from_le_bytes(word.try_into().expect("eight bytes"));
        crc = mixed
            .to_le_bytes()
            .iter()
            .zip(tables.iter().rev())
            .fold(0, |sum, (byte, table)| sum ^ table[usize::from(*byte)]);
    }
    for byte in words.remainder() {
        crc = (crc >> 8) ^ tables[0][usize::from(crc as u8 ^ byte)];
    }
    crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_catalogue_comes_out() {
        assert_eq!(crc64(0, b"123456789"), 0xe9c6_d914_c4b8_d9ca);
    }

    #[test]
    fn pieces_give_the_checksum_of_the_whole() {
        let bytes: Vec<u8> = (0..100).collect();
        for cut in 0..bytes.len() {
            let (head, tail) = bytes.split_at(cut);
            assert_eq!(crc64(crc64(0, head), tail), crc64(0, &bytes));
        }
    }
}
