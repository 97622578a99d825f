// Counts what is made of WebAssembly. Imported before the package, so that it sees what the import does.

let instances = 0

const { instantiate, Instance } = WebAssembly
WebAssembly.instantiate = ((...call: Parameters<typeof instantiate>) => {
  instances++
  return instantiate(...call)
}) as typeof instantiate
WebAssembly.Instance = new Proxy(Instance, {
  construct(target, call: ConstructorParameters<typeof Instance>) {
    instances++
    return new target(...call)
  },
})

export const instancesSoFar = (): number => instances
