// What a call came to, as src/wasm/answer.rs has it: in the lowest byte of what a call gives.

export const NULL = 0
export const OK = 1
/** The first word of the answer is the number, as an `i32`. */
export const INTEGER = 2
/** The words are the address and the length of a bulk string. */
export const BULK = 3
/** The words are the address and the length of a reply in RESP3. */
export const RESP = 4
export const WAIT = 5
/** The first word says what is asked of the host. */
export const ASK = 6
/** As `BULK`, and every byte is a character. */
export const ASCII = 7
/** The first word is the address of two words for each value: those of `BULK`, the highest bit of the length telling whether it
 *  is `ASCII`; an address of 0 is null. */
export const LIST = 8
/** Nothing has happened: the call has to be made the ordinary way. */
export const ORDINARY = 9
/** The words of the answer are the lower and the upper half of the number. */
export const DOUBLE = 10
/** The words are the address and the length, marked as in `LIST`, of a run of bulk strings as they go over a wire; the word behind
 *  the steps says how many they are. */
export const BULKS = 11
/** As `BULKS`: keys and values in turn. */
export const MAP = 12
/** As `BULKS`: members; the last word is the address of their scores. */
export const SCORED = 13

/** Marks a length as that of bytes which are all characters. */
export const LENGTH = 0x7fff_ffff

/** The words of the answer that `BULKS` and `SCORED` have beside the first two. */
export const COUNT = 3
export const SCORES = 4

// What `place` is asked for, as src/wasm/lib.rs has it.

export const ANSWER_PLACE = 0
export const ARGUMENT_PLACES = 1
export const SCRATCH_PLACE = 2
export const SCRATCH_BYTES = 3
