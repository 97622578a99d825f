/** A method by its name. */
export interface Named {
  readonly name: string
  readonly method: unknown
}

/**
 * Has a prototype inherit methods that are not enumerable, before what it inherits already.
 *
 * V8 makes a hidden class for each property that is added to the prototype of a class, and there are two hundred. An object that
 * begins without a prototype is a hash table to it, until it is used as one.
 */
export function inheritMethods(prototype: object, methods: readonly Named[]): void {
  const table = Object.create(null) as object
  const descriptor: PropertyDescriptor = { writable: true, configurable: true }
  for (const { name, method } of methods) {
    descriptor.value = method
    Object.defineProperty(table, name, descriptor)
  }
  Object.setPrototypeOf(table, Object.getPrototypeOf(prototype) as object)
  Object.setPrototypeOf(prototype, table)
}
