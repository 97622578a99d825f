// The value of a key, drawn by its type. Long values are drawn as far as somebody would read.

import type { Nook } from 'nookdb'
import { quote } from '../console/drawing.js'
import { element } from '../dom.js'
import { formatCount } from '../units.js'

/** Items of a list, hash or set that are shown. */
const ITEMS = 200
/** Bytes of one string that are shown. */
const STRING_BYTES = 10_000

type Bytes = Uint8Array<ArrayBuffer>

/** What there is to see of a key, or null where there is no such key any more. */
export function drawValue(db: Nook, key: string): HTMLElement | null {
  switch (db.type(key)) {
    case 'none':
      return null
    case 'string':
      return element('pre', { class: 'value-text' }, readable(db.bytes.getRange(key, 0, STRING_BYTES), db.strLen(key)))
    case 'list':
      return table(['index', 'element'], db.bytes.lRange(key, 0, ITEMS - 1).map((item, n) => [String(n), readable(item)]), db.lLen(key))
    case 'hash':
      return table(['field', 'value'], entries(db, key), db.hLen(key))
    case 'set':
      return table(['member'], members(db, key), db.sCard(key))
    case 'zset': {
      const rows = db.bytes.zRangeWithScores(key, 0, ITEMS - 1).map(({ value, score }) => [String(score), readable(value)])
      return table(['score', 'member'], rows, db.zCard(key))
    }
    default:
      return element('p', { class: 'note' }, 'This type cannot be shown here.')
  }
}

function entries(db: Nook, key: string): string[][] {
  const page = db.bytes.hScan(key, '0', { COUNT: ITEMS })
  return page.entries.slice(0, ITEMS).map(({ field, value }) => [readable(field), readable(value)])
}

function members(db: Nook, key: string): string[][] {
  const page = db.bytes.sScan(key, '0', { COUNT: ITEMS })
  return page.members.slice(0, ITEMS).map((member) => [readable(member)])
}

/** Text as it is, anything else as redis-cli would quote it. */
function readable(bytes: Bytes, length = bytes.length): string {
  const shown = bytes.subarray(0, STRING_BYTES)
  const isCut = length > shown.length
  const text = textOf(shown, isCut) ?? quote(shown)
  return isCut ? `${text} ... (${formatCount(length)} bytes in all)` : text
}

function textOf(bytes: Bytes, isCut: boolean): string | null {
  try {
    // The cut may have split a character: as a stream, what is incomplete at the end is left out.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: isCut })
    // Control characters would not be seen.
    return /[\x00-\x08\x0e-\x1f\x7f]/.test(text) ? null : text
  } catch {
    return null
  }
}

function table(heads: readonly string[], rows: readonly (readonly string[])[], length: number): HTMLElement {
  const body = rows.map((cells) => element('tr', {}, ...cells.map((cell) => element('td', {}, cell))))
  return element(
    'div',
    {},
    element(
      'table',
      { class: heads[0] === 'index' || heads[0] === 'score' ? 'numbered' : '' },
      element('thead', {}, element('tr', {}, ...heads.map((head) => element('th', { scope: 'col' }, head)))),
      element('tbody', {}, ...body),
    ),
    length > rows.length ? element('p', { class: 'note' }, `${formatCount(rows.length)} of ${formatCount(length)} are shown.`) : null,
  )
}
