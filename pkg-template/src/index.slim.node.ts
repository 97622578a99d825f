// The slim entry for Node, Deno and Bun: the engine without lists, sets, sorted sets and what goes with them.

import { slimStoresOf, type SlimStores } from './slim.js'
import { node } from './platform/node.js'

export * from './exports.js'
export { connect } from './transport/connect.js'
export type { SlimNook, SlimStores, SlimTransaction } from './slim.js'

export const { open, list, destroy }: SlimStores = /* @__PURE__ */ slimStoresOf(node('slim'))
