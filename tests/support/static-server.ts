// A folder over HTTP, as any static host serves it.

import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.map': 'application/json',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
}

/** Serves until it is disposed of. */
export class StaticServer implements AsyncDisposable {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  /** @param headers sent with everything */
  static async start(folder: string, headers: Readonly<Record<string, string>> = {}): Promise<StaticServer> {
    const server = createServer(async (request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://localhost')
      const path = pathname.endsWith('/') ? `${pathname}index.html` : pathname
      const body = await readFile(join(folder, path)).catch(() => null)
      const type = TYPES[extname(path)] ?? 'application/octet-stream'
      if (body === null) response.writeHead(404).end()
      else response.writeHead(200, { ...headers, 'content-type': type }).end(body)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return new StaticServer(server)
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await once(this.#server.close(), 'close')
  }
}
