import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { type Clock, stopwatch, stride, systemClock } from '@anchorleg/shared'
import { StoreRefused } from '../store.js'
import { openDatabase } from './openDatabase.js'
import type { Request } from './operations.js'
import { type SqliteEngine, sqliteEngine } from './sqliteEngine.js'
import { entriesOf, type FromThread, type ThreadData } from './threadMessages.js'

/**
 * The thread in which the database lives, so that waiting for the disk never blocks the sockets. While one commit runs, the
 * next requests gather; then what has come runs as one transaction.
 */
function serve(port: MessagePort, { file, settings }: ThreadData): void {
  const tell = (message: FromThread) => port.postMessage(message)
  const engine = open()
  if (!engine) return

  port.on('message', (first: readonly Request[]) => {
    const requests = gather(port, first)
    const asked = requests.filter(({ method }) => method !== 'close')
    if (asked.length > 0) {
      const begun = stopwatch.now()
      const answers = engine.run(asked)
      tell({ type: 'answers', answers, ms: stopwatch.now() - begun })
    }
    if (asked.length === requests.length) return
    engine.close()
    port.close()
  })
  tell({ type: 'opened' })

  function open(): SqliteEngine | undefined {
    try {
      return sqliteEngine(openDatabase(file), { settings, clock: skewed(settings.skew) })
    } catch (error) {
      if (!(error instanceof StoreRefused)) throw error
      tell({ type: 'refused', reason: error.message })
      return undefined
    }
  }
}

/** What has come by now, in order, up to a stride of entries: what is beyond it has the next transaction. */
function gather(port: MessagePort, first: readonly Request[]): Request[] {
  const requests = [...first]
  let entries = first.reduce((sum, request) => sum + entriesOf(request), 0)
  while (entries < stride) {
    const next = receiveMessageOnPort(port)
    if (!next) break
    for (const request of next.message as readonly Request[]) {
      requests.push(request)
      entries += entriesOf(request)
    }
  }
  return requests
}

function skewed(skew: Float64Array | undefined): Clock {
  return skew ? { now: () => systemClock.now() + (skew[0] ?? 0) } : systemClock
}

if (parentPort) serve(parentPort, workerData as ThreadData)
