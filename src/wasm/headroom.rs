//! Memory is asked for before a step begins, where that can be foreseen.
//!
//! An allocation that fails inside of a step ends the instance: there is no half-done step to go
//! back to. So a call that could not have its memory is refused while refusing is still possible.

use alloc::vec::Vec;

/// Asked for at a time: what many small calls may use before the next look.
const SLICE_BYTES: usize = 1024 * 1024;
/// Memory grows by at least this, and by a quarter: to grow detaches every view of it, and costs the more the
/// more often it is done. What the allocator was given once it keeps.
const GROWTH_BYTES: usize = 4 * 1024 * 1024;
const GROWTH_SHARE: usize = 4;
/// What a call may allocate beside its arguments: undo, effects, a node, a reply.
const CALL_BYTES: usize = 8 * 1024;
/// Arguments are copied into the value, the effect and the intent of the step.
const COPIES: usize = 4;

/// How much of the memory that was last seen to be free has not been spoken for.
#[derive(Default)]
pub(super) struct Headroom {
    left_bytes: usize,
}

impl Headroom {
    /// Whether a call with these arguments will find memory. Not a promise: a table that doubles
    /// may still fail.
    pub fn is_there_for(&mut self, argv: &[&[u8]]) -> bool {
        self.is_there_for_bytes(argv.iter().map(|argument| argument.len()).sum())
    }

    /// As `is_there_for`, of arguments that are so many bytes together.
    #[inline(always)]
    pub fn is_there_for_bytes(&mut self, arguments: usize) -> bool {
        let need = arguments.saturating_mul(COPIES).saturating_add(CALL_BYTES);
        if self.left_bytes < need && !self.find(need) {
            return false;
        }
        self.left_bytes -= need;
        true
    }

    /// Looks for so much, and a slice more.
    #[cold]
    fn find(&mut self, need: usize) -> bool {
        let before = memory_bytes();
        if !can_be_had(need.saturating_add(SLICE_BYTES)) {
            return false;
        }
        let now = memory_bytes();
        if now > before {
            // It had to grow for so little. That there is no more is no reason to refuse.
            can_be_had(GROWTH_BYTES.max(now / GROWTH_SHARE));
        }
        self.left_bytes = need + SLICE_BYTES;
        true
    }
}

/// Whether so much memory is there, or can be made to be. It is free again afterwards.
fn can_be_had(bytes: usize) -> bool {
    let mut probe: Vec<u8> = Vec::new();
    let had = probe.try_reserve_exact(bytes).is_ok();
    // What is allocated and never used is no allocation at all to an optimizer.
    core::hint::black_box(&probe);
    had
}

fn memory_bytes() -> usize {
    const PAGE_BYTES: usize = 64 * 1024;
    core::arch::wasm32::memory_size::<0>() * PAGE_BYTES
}
