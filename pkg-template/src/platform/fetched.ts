// Pages and workers: the wasm is a file beside the script. The form of the URL is what Vite, webpack, Rspack and esbuild look for.

import { once } from './platform.js'

export const loadModule = once(async () => {
  try {
    return await compile(await fetch(new URL('../../wasm/nookdb_bg.wasm', import.meta.url)))
  } catch {
    // The bundler has left the file behind, or the page may not fetch it. The module has the same bytes in it.
    const { loadModule } = await import('./inlined.js')
    return loadModule()
  }
})

async function compile(response: Response): Promise<WebAssembly.Module> {
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`)
  // Streaming compiles while it loads, and insists on the type; many servers do not know it.
  return response.headers.get('content-type')?.startsWith('application/wasm') === true
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer())
}
