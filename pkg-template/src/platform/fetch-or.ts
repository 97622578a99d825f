/** Compiles the file at a URL. Where the bundler has left it behind, or the page may not fetch it, a module of the script has the same bytes.
 *  @param url made when it is asked for: a script that is inlined has no URL to make it from */
export async function fetchOr(url: () => URL, inlined: () => Promise<WebAssembly.Module>): Promise<WebAssembly.Module> {
  try {
    return await compile(await fetch(url()))
  } catch {
    return inlined()
  }
}

async function compile(response: Response): Promise<WebAssembly.Module> {
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`)
  // Streaming compiles while it loads, and insists on the type; many servers do not know it.
  return response.headers.get('content-type')?.startsWith('application/wasm') === true
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer())
}
