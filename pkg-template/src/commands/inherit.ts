/**
 * Has a prototype inherit methods that are not enumerable, before what it inherits already.
 *
 * V8 makes a hidden class for each property that is added to the prototype of a class: 10 µs, two hundred times. An object that
 * begins without a prototype is a hash table to it, until it is used as one.
 */
export function inheritMethods(prototype: object, methods: Iterable<readonly [name: string, method: unknown]>): void {
  const table = Object.create(null) as object
  for (const [name, value] of methods) Object.defineProperty(table, name, { value, writable: true, configurable: true })
  Object.setPrototypeOf(table, Object.getPrototypeOf(prototype) as object)
  Object.setPrototypeOf(prototype, table)
}
