import type pg from 'pg'

interface Stream {
  destroy(error?: Error): void
  cork(): void
  uncork(): void
}

/** What a connection speaks over. The driver has no word of its own for what is done with it here. */
function streamOf(client: pg.Client): Stream {
  return (client as unknown as { connection: { stream: Stream } }).connection.stream
}

/** Drops a connection without a word to the server, which may be silent: whoever waits for an answer over it learns so at once. */
export function lose(client: pg.Client, because?: unknown): void {
  streamOf(client).destroy(because instanceof Error ? because : undefined)
}

/** Asks several things in one write. */
export function together<T>(client: pg.Client, ask: () => T): T {
  const stream = streamOf(client)
  stream.cork()
  try {
    return ask()
  } finally {
    stream.uncork()
  }
}
