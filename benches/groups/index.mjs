// The groups of rows, in the order in which they are measured and printed.

import * as chromium from './chromium.mjs'
import * as growth from './growth.mjs'
import * as loopback from './loopback.mjs'
import * as memory from './memory.mjs'
import * as mock from './mock.mjs'
import * as native from './native.mjs'
import * as pauses from './pauses.mjs'
import * as persistence from './persistence.mjs'
import * as sizes from './sizes.mjs'
import * as sortedSets from './sorted-sets.mjs'
import * as sql from './sql.mjs'
import * as startup from './startup.mjs'
import * as strings from './strings.mjs'

export const GROUPS = {
  strings, chromium, 'sorted-sets': sortedSets, mock, loopback, sql, memory, pauses, persistence, startup, sizes, growth, native,
}
