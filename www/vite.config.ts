import { defineConfig, type Plugin } from 'vite'

/** What the built page may do: scripts and styles of its own, WebAssembly, and WebSockets to whichever server is named.
 *  Vite's development server writes scripts and styles into the page, so there it is left out. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self' ws: wss:",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

const contentSecurityPolicy: Plugin = {
  name: 'content-security-policy',
  apply: 'build',
  transformIndexHtml: () => [
    { tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content: POLICY }, injectTo: 'head-prepend' },
  ],
}

export default defineConfig({
  root: import.meta.dirname,
  // The page may lie in any folder of any server.
  base: './',
  plugins: [contentSecurityPolicy],
  // The largest chunk is the wasm in base64: fetched only where the file beside it cannot be.
  build: { target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 2000 },
})
