// The entry for Node, Deno and Bun: stores are directories.

import { storesOf, type Stores } from './open.js'
import { node } from './platform/node.js'

export * from './exports.js'
export { connect } from './transport/connect.js'

export const { open, list, destroy }: Stores = /* @__PURE__ */ storesOf(node('nookdb'))
