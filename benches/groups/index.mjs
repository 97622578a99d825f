// The groups of rows, in the order in which they are measured and printed.

import * as strings from './strings.mjs'

export const GROUPS = { strings }
