import fs from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { BroadcastChannel, isMainThread, parentPort, Worker } from 'node:worker_threads'
import { answer } from './answer.js'
import { type Mark, mark, markPackets, takeMarks } from './marks.js'

// Loaded into the hub's process, and into the thread of its store, before the hub itself: it marks what passes between them
// without a word in the hub's own code.

const channel = new BroadcastChannel('anchorleg-bench-marks')

if (isMainThread) {
  markPackets()
  markAsking()
  answer({ marks: async () => ({ hub: takeMarks(), store: await marksOfThread() }) })
  process.channel?.unref()
} else {
  markCommits()
  markSyncs()
  parentPort?.on('message', () => mark('heard'))
  channel.onmessage = ({ data }: { data?: unknown } & object) => {
    if (data === 'take') channel.postMessage(takeMarks())
  }
}
channel.unref()

/** What the hub asks its store's thread, and when an answer is back. */
function markAsking(): void {
  const { postMessage, emit } = Worker.prototype
  Worker.prototype.postMessage = function (this: Worker, message: unknown, ...rest: unknown[]) {
    const methods = Array.isArray(message) ? message.map(({ method }: { method?: unknown }) => method) : []
    for (const method of new Set(methods)) mark(`ask ${method}`)
    return postMessage.call(this, message, ...(rest as []))
  }
  Worker.prototype.emit = function (this: Worker, event: string | symbol, ...rest: unknown[]) {
    if (event === 'message') mark('answered')
    return emit.call(this, event, ...rest)
  }
}

interface Statement {
  run(...args: unknown[]): unknown
}

/** A commit of SQLite's returns once it is written to the log. */
function markCommits(): void {
  const Database = createRequire(import.meta.resolve('@anchorleg/server'))('better-sqlite3') as { prototype: { prepare(source: string): Statement } }
  const { prepare } = Database.prototype
  Database.prototype.prepare = function (this: unknown, source: string) {
    const statement = prepare.call(this as never, source)
    if (source !== 'COMMIT') return statement
    const run = statement.run.bind(statement)
    statement.run = (...args) => {
      mark('commit')
      const done = run(...args)
      mark('committed')
      return done
    }
    return statement
  }
}

/** A sync of the log that the thread waits for in place, as it does for a job that is alone. */
function markSyncs(): void {
  const { fdatasyncSync } = fs
  fs.fdatasyncSync = (fd) => {
    fdatasyncSync(fd)
    mark('synced')
  }
  syncBuiltinESMExports()
}

function marksOfThread(): Promise<readonly Mark[]> {
  return new Promise((resolve) => {
    channel.onmessage = ({ data }: { data?: unknown } & object) => resolve(data as readonly Mark[])
    channel.postMessage('take')
  })
}
