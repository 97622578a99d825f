// The wasm in the script itself, for bundles of one file.

import base64 from '../../wasm/nookdb_base64.js'
import { compileBase64, once } from './platform.js'

export const loadModule = once(() => compileBase64(base64))
