// What `import module from './x.wasm'` gives in workerd.
declare module '*.wasm' {
  const module: WebAssembly.Module
  export default module
}
