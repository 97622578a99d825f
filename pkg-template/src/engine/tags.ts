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
