// The entry for Cloudflare Workers: stores are in memory, or in the storage of a Durable Object.

import module from '../wasm/nookdb_bg.wasm'
import { storesOf, type Stores } from './open.js'
import { workerd } from './platform/workerd.js'

export * from './exports.js'
export { connect } from './transport/connect.js'

export const { open, list, destroy }: Stores = /* @__PURE__ */ storesOf(workerd(module))
