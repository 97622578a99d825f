// As inlined.ts, for the slim engine.

import base64 from '../../wasm/slim_base64.js'
import { compileBase64, once } from './platform.js'

export const loadModule = once(() => compileBase64(base64))
