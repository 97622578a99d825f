// The wasm in the script itself, for bundles of one file.

import base64 from '../../wasm/nookdb_base64.js'
import { compileBase64 } from './compile-base64.js'

export const loadModule = () => compileBase64(base64)
