import { type Clock, systemClock } from '@anchorleg/shared'
import type Database from 'better-sqlite3'
import { jitter, type Random } from '../../backoff.js'
import { storeClock } from '../storeClock.js'
import { abandoned, attend } from './attending.js'
import { cancel } from './cancel.js'
import { claim } from './claim.js'
import { emit } from './emit.js'
import { groupCommit } from './groupCommit.js'
import { insert } from './insert.js'
import { inspect } from './inspect.js'
import { held, release, renew, shorten } from './leases.js'
import type { Answer, EngineSettings, Means, Operations, Request } from './operations.js'
import { progress } from './progress.js'
import { prune } from './prune.js'
import { queues, setQueues } from './queues.js'
import { read } from './read.js'
import { retry } from './retry.js'
import { settle } from './settle.js'
import { expire, stage } from './sweep.js'
import { Tally } from './tally.js'
import { watch } from './watch.js'

/** The store over one open database, synchronous: what the thread runs, and what a test may run beside it. */
export interface SqliteEngine {
  /** Runs requests in one transaction, and commits it. */
  run(requests: readonly Request[]): Answer[]
  /** Rows written since the database was opened. */
  readonly changes: number
  close(): void
}

interface Parts {
  readonly settings: EngineSettings
  /** Where store time comes from; it may step back, store time does not. */
  readonly clock?: Clock
  readonly random?: Random
}

/** Builds the engine over a database from `openDatabase`. */
export function sqliteEngine(db: Database.Database, { settings, clock = systemClock, random = jitter }: Parts): SqliteEngine {
  const refs = { haveAliases: isAny(db, 'aliases'), haveTombstones: isAny(db, 'tombstones') }
  const means: Means = { db, settings, clock: storeClock(clock, latestTime(db)), random, tally: new Tally(db), refs }
  const claims = claim(means)
  const operations: Operations = {
    insert: insert(means, claims),
    claim: claims,
    settle: settle(means, claims),
    renew: renew(means),
    shorten: shorten(means),
    held: held(means),
    release: release(means),
    cancel: cancel(means),
    retry: retry(means),
    progress: progress(means),
    emit: emit(means),
    read: read(means),
    watch: watch(means),
    inspect: inspect(means),
    setQueues: setQueues(means),
    queues: queues(means),
    depths: () => means.tally.depths,
    attend: attend(means),
    abandoned: abandoned(means),
    stage: stage(means),
    expire: expire(means),
    prune: prune(means),
  }
  const changes = db.prepare<[], number>('SELECT total_changes()').pluck()
  return {
    run: groupCommit(means, operations),
    get changes() {
      return changes.get() ?? 0
    },
    close: () => void db.close(),
  }
}

function isAny(db: Database.Database, table: 'aliases' | 'tombstones'): boolean {
  return db.prepare<[], 1>(`SELECT 1 FROM ${table} LIMIT 1`).pluck().get() === 1
}

/** The latest time that an index or a short walk can tell of: when a job was last stored, claimed or finished. */
function latestTime(db: Database.Database): number {
  const times = [
    'SELECT inserted_at FROM jobs ORDER BY id DESC LIMIT 1',
    'SELECT max(attempted_at) FROM jobs INDEXED BY jobs_leased WHERE lease_until IS NOT NULL',
    'SELECT max(finished_at) FROM jobs INDEXED BY jobs_finished WHERE finished_at IS NOT NULL',
  ].map((query) => db.prepare<[], number | null>(query).pluck().get() ?? 0)
  return Math.max(...times)
}
