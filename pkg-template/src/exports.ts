// What every entry of the package exports beside `open`, `list` and `destroy`.

export type { Argument, BlockingOptions, Multi, Text } from './client.js'
export type { NookEvents, Restarted } from './core.js'
export { NookError } from './errors.js'
export type { KeyListener, MessageListener } from './listeners.js'
export type { BytesView, CallArgument, Nook, Transaction } from './nook.js'
export type { OpenOptions } from './open.js'
export type { Reply } from './reply.js'
export type { ConnectOptions, RemoteEvents } from './transport/line.js'
export { connect, type Remote, type RemoteBytesView } from './transport/remote.js'
export type { Session, SessionListener } from './session.js'
