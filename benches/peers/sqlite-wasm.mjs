// SQLite as WebAssembly with a table of keys and values in memory, and one prepared statement for each command.

import sqlite3InitModule from '@sqlite.org/sqlite-wasm'

export async function open() {
  const sqlite = await sqlite3InitModule()
  const db = new sqlite.oo1.DB(':memory:')
  db.exec('create table kv(key text primary key, value text not null) without rowid')
  const select = db.prepare('select value from kv where key = ?')
  const upsert = db.prepare('insert into kv values(?, ?) on conflict(key) do update set value = excluded.value')
  return {
    get: (key) => {
      const value = select.bind(1, key).step() ? select.get(0) : null
      select.reset()
      return value
    },
    set: (key, value) => {
      upsert.bind(1, key).bind(2, value).stepReset()
    },
  }
}
