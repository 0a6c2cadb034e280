import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { type Clock, stopwatch, stride, systemClock } from '@anchorleg/shared'
import { StoreRefused } from '../store.js'
import { Departures } from './departures.js'
import { load, unload } from './freight.js'
import { openDatabase } from './openDatabase.js'
import type { Answer } from './operations.js'
import { type SqliteEngine, sqliteEngine } from './sqliteEngine.js'
import { type LogSync, syncLog } from './syncLog.js'
import type { FromThread, Parcel, ThreadData } from './threadMessages.js'

/** A transaction that is committed, and may not be on the disk yet. */
interface Committed {
  readonly answers: readonly Answer[]
  readonly begun: number
}

/**
 * The thread in which the database lives, so that it never blocks the sockets. While one transaction runs, the next requests
 * gather; then what has come runs as one transaction. Its answers leave once the disk has it, which the next one does not wait
 * for; what it has claimed leaves at once.
 */
function serve(port: MessagePort, { file, settings }: ThreadData): void {
  const tell = (message: FromThread) => port.postMessage(message)
  const opened = open()
  if (!opened) return
  const { engine, log } = opened
  const departures = new Departures<Committed>(log ?? { soon: async () => {}, now() {} }, (committed, failure) => {
    const trouble = failure === undefined ? undefined : `The disk does not take what was written: ${failure}.`
    tell({
      type: 'stored',
      transactions: committed.map(({ answers, begun }) => ({
        answers: trouble === undefined ? answers : answers.map(({ id }) => ({ id, trouble })),
        ms: stopwatch.now() - begun,
      })),
    })
  })

  port.on('message', (first: readonly Parcel[]) => {
    const requests = gather(port, first)
    const asked = requests.filter(({ method }) => method !== 'close')
    if (asked.length > 0) {
      const begun = stopwatch.now()
      const before = engine.changes
      const { claims, answers } = load(asked, engine.run(asked.map(unload)))
      if (claims.length > 0) tell({ type: 'claimed', claims })
      // Beside the sync of a request that comes alone there is nothing to do, unless it set something going.
      const alone = asked.length === 1 && asked[0]?.entries === 1 && claims.length === 0
      departures.add({ answers, begun }, engine.changes === before ? 'unwritten' : alone ? 'now' : 'soon')
    }
    if (asked.length < requests.length) void close()
  })
  tell({ type: 'opened' })

  async function close(): Promise<void> {
    await departures.done()
    log?.close()
    engine.close()
    port.close()
  }

  function open(): { engine: SqliteEngine; log: LogSync | undefined } | undefined {
    try {
      const db = openDatabase(file)
      return { engine: sqliteEngine(db, { settings, clock: skewed(settings.skew) }), log: db.memory ? undefined : syncLog(db) }
    } catch (error) {
      if (!(error instanceof StoreRefused)) throw error
      tell({ type: 'refused', reason: error.message })
      return undefined
    }
  }
}

/** What has come by now, in order, up to a stride of entries: what is beyond it has the next transaction. */
function gather(port: MessagePort, first: readonly Parcel[]): Parcel[] {
  const requests = [...first]
  let entries = first.reduce((sum, parcel) => sum + parcel.entries, 0)
  while (entries < stride) {
    const next = receiveMessageOnPort(port)
    if (!next) break
    for (const parcel of next.message as readonly Parcel[]) {
      requests.push(parcel)
      entries += parcel.entries
    }
  }
  return requests
}

function skewed(skew: Float64Array | undefined): Clock {
  return skew ? { now: () => systemClock.now() + (skew[0] ?? 0) } : systemClock
}

if (parentPort) serve(parentPort, workerData as ThreadData)
