// The slim entry for Cloudflare Workers: the engine without lists, sets, sorted sets and what goes with them.

import module from '../wasm/slim_bg.wasm'
import { slimStoresOf, type SlimStores } from './slim.js'
import { workerd } from './platform/workerd.js'

export * from './exports.js'
export { connect } from './transport/connect.js'
export type { SlimNook, SlimStores, SlimTransaction } from './slim.js'

export const { open, list, destroy }: SlimStores = /* @__PURE__ */ slimStoresOf(workerd(module))
