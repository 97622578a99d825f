;; Copies between strings of JavaScript and the engine's memory, where the machine has the builtins of `wasm:js-string`.
;;
;; Chromium takes 200 ns for a call of TextEncoder or TextDecoder; this takes a few. Strings go through an array of UTF-16 units,
;; for that is what the builtins read and write. Only ASCII goes this way: everything else is left to the encoder.
(module
  (type $units (array (mut i16)))
  (import "wasm:js-string" "intoCharCodeArray"
    (func $into (param externref (ref null $units) i32) (result i32)))
  (import "wasm:js-string" "fromCharCodeArray"
    (func $from (param (ref null $units) i32 i32) (result (ref extern))))
  (import "engine" "memory" (memory 0))

  ;; As long as the longest string that goes this way, `STRING_UNITS` of src/engine/strings.ts, and what a turn of a loop takes.
  (global $units (ref $units) (array.new_default $units (i32.const 4100)))

  ;; Writes a string a byte a unit, in whole words, and gives the bits of all units together: above 0x7f it was not ASCII.
  (func (export "write") (param $text externref) (param $at i32) (result i32)
    (local $units (ref null $units)) (local $n i32) (local $end i32) (local $bits i32)
    (local $a i32) (local $b i32) (local $c i32) (local $d i32)
    (local.set $units (global.get $units))
    (local.set $end (call $into (local.get $text) (local.get $units) (i32.const 0)))
    ;; What an earlier string has left behind the end of this one is no part of it.
    (array.set $units (local.get $units) (local.get $end) (i32.const 0))
    (array.set $units (local.get $units) (i32.add (local.get $end) (i32.const 1)) (i32.const 0))
    (array.set $units (local.get $units) (i32.add (local.get $end) (i32.const 2)) (i32.const 0))
    (loop $words
      (if (i32.lt_u (local.get $n) (local.get $end)) (then
        (local.set $a (array.get_u $units (local.get $units) (local.get $n)))
        (local.set $b (array.get_u $units (local.get $units) (i32.add (local.get $n) (i32.const 1))))
        (local.set $c (array.get_u $units (local.get $units) (i32.add (local.get $n) (i32.const 2))))
        (local.set $d (array.get_u $units (local.get $units) (i32.add (local.get $n) (i32.const 3))))
        (local.set $bits (i32.or (local.get $bits)
          (i32.or (i32.or (local.get $a) (local.get $b)) (i32.or (local.get $c) (local.get $d)))))
        (i32.store (i32.add (local.get $at) (local.get $n))
          (i32.or
            (i32.or (local.get $a) (i32.shl (local.get $b) (i32.const 8)))
            (i32.or (i32.shl (local.get $c) (i32.const 16)) (i32.shl (local.get $d) (i32.const 24)))))
        (local.set $n (i32.add (local.get $n) (i32.const 4)))
        (br $words))))
    (local.get $bits))

  ;; The string of so many bytes of ASCII.
  (func (export "read") (param $at i32) (param $length i32) (result externref)
    (local $units (ref null $units)) (local $n i32)
    (local.set $units (global.get $units))
    (loop $bytes
      (if (i32.lt_u (local.get $n) (local.get $length)) (then
        (array.set $units (local.get $units) (local.get $n)
          (i32.load8_u (i32.add (local.get $at) (local.get $n))))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br $bytes))))
    (call $from (local.get $units) (i32.const 0) (local.get $length)))
)
