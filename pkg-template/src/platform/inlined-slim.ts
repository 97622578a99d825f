// As inlined.ts, for the slim engine.

import base64 from '../../wasm/slim_base64.js'
import { compileBase64 } from './compile-base64.js'

export const loadModule = () => compileBase64(base64)
