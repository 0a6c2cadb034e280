import type { Socket } from 'node:net'
import type pg from 'pg'

interface Connection {
  readonly stream: Pick<Socket, 'destroy' | 'cork' | 'uncork'>
  emit(event: 'error', error: Error): void
}

/** What the driver speaks over. It has no word of its own for what is done with it here. */
function connectionOf(client: pg.Client): Connection {
  return (client as unknown as { connection: Connection }).connection
}

/** Drops a connection without a word to the server, which may be silent: whoever waits for an answer over it learns so at once. */
export function lose(client: pg.Client, because?: unknown): void {
  connectionOf(client).stream.destroy(because instanceof Error ? because : undefined)
}

/** Drops a connection as well, before anything that it has said since is heard. */
export function loseAtOnce(client: pg.Client, because: Error): void {
  connectionOf(client).emit('error', because)
  lose(client)
}

/** Asks several things in one write. */
export function together<T>(client: pg.Client, ask: () => T): T {
  const { stream } = connectionOf(client)
  stream.cork()
  try {
    return ask()
  } finally {
    stream.uncork()
  }
}
