// The wasm in the script itself, for bundles of one file.

import base64 from '../../wasm/nookdb_base64.js'
import { once } from './platform.js'

export const loadModule = once(() => WebAssembly.compile(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))))
