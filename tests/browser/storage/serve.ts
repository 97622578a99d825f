// A page at http://localhost without a server: IndexedDB and Web Locks want an origin that counts as secure.

import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { BrowserContext, Page } from 'playwright-core'

export const ORIGIN = 'http://localhost'

const bundles = new Map<string, Promise<string>>()

function bundle(script: string): Promise<string> {
  const made = bundles.get(script) ?? makeBundle(script)
  bundles.set(script, made)
  return made
}

async function makeBundle(script: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(script, import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
  })
  const [file] = outputFiles
  if (file === undefined) throw new Error('esbuild gave no file')
  return file.text
}

/** Opens a page that holds the script of this folder, and is answered from here whatever its path. */
export async function openPage(context: BrowserContext, script = 'page.ts'): Promise<Page> {
  const body = `<!doctype html><body><script>${(await bundle(script)).replaceAll('</script', '<\\/script')}</script>`
  await context.route(`${ORIGIN}/**`, (route) => route.fulfill({ contentType: 'text/html', body }))
  const page = await context.newPage()
  await page.goto(`${ORIGIN}/`)
  return page
}
