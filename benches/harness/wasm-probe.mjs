// Sees what a page or process compiles and instantiates, whatever glue does it: how long it took and which memories there are.

/** Wraps the functions of WebAssembly that make modules and instances. To be called before them. */
export function probeWebAssembly() {
  const seen = { compileMs: 0, instantiateMs: 0, memories: [] }
  const { compile, compileStreaming, instantiate, Instance, Module } = WebAssembly
  const remember = ({ exports }) => {
    if (exports.memory instanceof WebAssembly.Memory) seen.memories.push(exports.memory)
  }
  const timed = async (name, work) => {
    const begin = performance.now()
    const result = await work()
    seen[name] += performance.now() - begin
    return result
  }
  WebAssembly.compile = (...args) => timed('compileMs', () => compile.apply(WebAssembly, args))
  if (compileStreaming !== undefined) {
    WebAssembly.compileStreaming = (...args) => timed('compileMs', () => compileStreaming.apply(WebAssembly, args))
  }
  WebAssembly.instantiate = async (...args) => {
    const made = await timed('instantiateMs', () => instantiate.apply(WebAssembly, args))
    remember(made.instance ?? made)
    return made
  }
  WebAssembly.Module = new Proxy(Module, {
    construct(target, args) {
      const begin = performance.now()
      const module = new target(...args)
      seen.compileMs += performance.now() - begin
      return module
    },
  })
  WebAssembly.Instance = new Proxy(Instance, {
    construct(target, args) {
      const begin = performance.now()
      const instance = new target(...args)
      seen.instantiateMs += performance.now() - begin
      remember(instance)
      return instance
    },
  })
  return {
    /** Time spent compiling and instantiating up to now. */
    get ms() {
      return { compile: seen.compileMs, instantiate: seen.instantiateMs }
    },
    /** What all linear memories have grown to. */
    get memoryBytes() {
      return seen.memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0)
    },
  }
}
