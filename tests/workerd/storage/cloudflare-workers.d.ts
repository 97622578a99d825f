// The little of the module `cloudflare:workers` that the tests use.
declare module 'cloudflare:workers' {
  import type { DurableStorage } from '../../../pkg-template/src/storage/durable-object.js'

  interface ObjectState {
    readonly storage: DurableStorage & { deleteAll(): Promise<void> }
    /** Ends the object at once: what it had not committed is lost. */
    abort(reason: string): void
  }

  export class DurableObject {
    protected readonly ctx: ObjectState
  }
}
