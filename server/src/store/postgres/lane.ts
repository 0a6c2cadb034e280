import { after, stopwatch } from '@anchorleg/shared'
import type pg from 'pg'
import { StoreUnavailable } from '../store.js'
import type { DatabaseClock } from './databaseClock.js'
import { lose, together } from './stream.js'
import { Gathered, type Transaction, transactionOn } from './transaction.js'
import { describe, isConflict, isLoss } from './trouble.js'

/**
 * What is done in one transaction. One that `talks` waits for answers before it asks on, and has a transaction to itself; any
 * other asks all it has to ask at once, throws what it has to throw before, and shares a round trip and a commit with others.
 */
export interface Operation<T> {
  readonly talks: boolean
  readonly run: (transaction: Transaction) => Promise<T>
}

interface Asked {
  readonly operation: Operation<unknown>
  /** Whether somebody outside the store asked: for metrics. */
  readonly counts: boolean
  /** When, by the stopwatch. */
  readonly at: number
  readonly resolve: (value: never) => void
  readonly reject: (error: StoreUnavailable) => void
}

interface Means {
  readonly open: () => Promise<pg.Client>
  /**
   * How long an answer may take, in ms. What has waited for half of it is not begun any more; what was begun has at least the
   * other half, and then its connection is given up.
   */
  readonly patience: number
  readonly clock: DatabaseClock
  readonly committed: (commit: { readonly requests: number; readonly ms: number }) => void
}

/** Operations in one transaction at most. */
const most = 500

/** Transactions under way on one connection: the server works on one while this process reads and writes for the other. */
const abreast = 2

/** How old plans grow, in ms, once so many operations have used them: the server by itself plans anew when it has analyzed a table, a minute later. */
const plans = { ms: 1_000, operations: 50 } as const

/** How often a transaction is tried that others were in the way of. */
const tries = 5

/**
 * A connection, and what is asked over it, in order. While one transaction is under way the next operations gather, and then
 * share one: one sync of the disk stands for all of them. A transaction that was asked as a whole may be followed by the next
 * before it is answered. A connection that was lost is opened again by the next operation.
 */
export class Lane {
  #client: pg.Client | undefined
  #queue: Asked[] = []
  #working = false
  readonly #underway = new Set<Promise<void>>()
  #plannedAt = stopwatch.now()
  #sincePlanned = 0

  constructor(private readonly means: Means) {}

  ask<T>(operation: Operation<T>, counts: boolean): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ operation, counts, at: stopwatch.now(), resolve, reject })
      // What is asked in one turn of the event loop belongs together.
      if (!this.#working) queueMicrotask(() => void this.#work())
    })
  }

  async close(): Promise<void> {
    const client = this.#client
    if (!client) return
    const inTime = after(this.means.patience / 2, () => lose(client))
    await client.end().catch(() => {})
    inTime()
  }

  async #work(): Promise<void> {
    if (this.#working) return
    this.#working = true
    while (this.#queue.length > 0) {
      this.#queue = this.#inTime(this.#queue)
      if (this.#queue.length === 0) break
      try {
        await this.#connect()
      } catch (error) {
        const all = this.#queue
        this.#queue = []
        for (const { reject } of all) reject(unavailable(error))
        continue
      }
      const talks = this.#queue[0]?.operation.talks
      await this.#room(talks ? 1 : abreast)
      const attempt = this.#attempt(this.#next()).finally(() => this.#underway.delete(attempt))
      this.#underway.add(attempt)
      if (talks) await attempt
    }
    this.#working = false
  }

  /** Waits until there are fewer transactions under way. */
  async #room(fewer: number): Promise<void> {
    while (this.#underway.size >= fewer) await Promise.race(this.#underway)
  }

  #next(): Asked[] {
    const talker = this.#queue.findIndex(({ operation }) => operation.talks)
    const together = talker < 0 ? this.#queue.length : Math.max(1, talker)
    return this.#queue.splice(0, Math.min(together, most))
  }

  async #connect(): Promise<void> {
    if (!this.#client) {
      const client = await this.means.open()
      client.on('end', () => {
        if (this.#client === client) this.#client = undefined
      })
      this.#client = client
    }
    if (this.means.clock.stale) await this.#within(this.means.patience / 2, this.#client, (client) => this.means.clock.look(client))
  }

  async #attempt(asked: readonly Asked[], left = tries): Promise<void> {
    const client = this.#client
    const begun = stopwatch.now()
    const batch = this.#inTime(asked)
    const [oldest] = batch
    if (!oldest) return
    try {
      if (!client) throw new Error('the connection was lost')
      const values = await this.#within(oldest.at + this.means.patience - begun, client, () => this.#together(client, batch))
      const requests = batch.filter(({ counts }) => counts).length
      if (requests > 0) this.means.committed({ requests, ms: stopwatch.now() - begun })
      batch.forEach(({ resolve }, i) => resolve(values[i] as never))
    } catch (error) {
      if (client && isLoss(error)) this.#giveUp(client, error)
      // What was lost on its way is never asked again from here: it may have come about.
      if (!client || client !== this.#client) for (const { reject } of batch) reject(unavailable(error))
      else if (isConflict(error) && left > 1) await this.#attempt(batch, left - 1)
      else if (batch.length > 1) for (const each of batch) await this.#attempt([each])
      else oldest.reject(unavailable(error))
    }
  }

  /** Refuses what has waited too long to be begun. */
  #inTime(asked: readonly Asked[]): Asked[] {
    const now = stopwatch.now()
    return asked.filter(({ at, reject }) => {
      const isLate = now - at > this.means.patience / 2
      if (isLate) reject(new StoreUnavailable('PostgreSQL is too slow: what was asked before took all the time.'))
      return !isLate
    })
  }

  #together(client: pg.Client, batch: readonly Asked[]): Promise<unknown[]> {
    this.#planAnew(client, batch.length)
    if (!this.means.clock.fresh) this.means.clock.look(client).catch(() => {})
    const [first] = batch
    return first?.operation.talks ? talk(client, first.operation) : tell(client, batch)
  }

  /** Has plans made anew while there is much to do: those that were made when a table was all but empty would walk it whole as it fills. */
  #planAnew(client: pg.Client, operations: number): void {
    this.#sincePlanned += operations
    const now = stopwatch.now()
    if (this.#sincePlanned < plans.operations || now - this.#plannedAt < plans.ms) return
    this.#sincePlanned = 0
    this.#plannedAt = now
    quietly(client.query('DISCARD PLANS'))
  }

  /** A connection over which no answer comes in time is given up. */
  async #within<T>(ms: number, client: pg.Client, use: (client: pg.Client) => Promise<T>): Promise<T> {
    const inTime = after(ms, () => this.#giveUp(client, new Error(`no answer came over the connection within ${Math.round(ms)} ms`)))
    try {
      return await use(client)
    } finally {
      inTime()
    }
  }

  /** Nothing more is expected of a connection: whoever waits for its answers learns so at once. */
  #giveUp(client: pg.Client, because: unknown): void {
    if (this.#client === client) this.#client = undefined
    lose(client, because)
  }
}

async function talk(client: pg.Client, operation: Operation<unknown>): Promise<unknown[]> {
  quietly(client.query('BEGIN'))
  try {
    const value = await operation.run(transactionOn(client))
    await commit(client)
    return [value]
  } catch (error) {
    if (!isLoss(error)) await client.query('ROLLBACK').catch(() => {})
    throw error
  }
}

async function tell(client: pg.Client, batch: readonly Asked[]): Promise<unknown[]> {
  const gathered = new Gathered()
  const answers = batch.map(({ operation }) => operation.run(gathered))
  for (const answer of answers) quietly(answer)
  // One statement alone is a transaction by itself.
  const whole = gathered.size === 1
  const committed = together(client, () => {
    if (!whole) quietly(client.query('BEGIN'))
    gathered.send(client)
    return whole ? undefined : commit(client)
  })
  const [values] = await Promise.all([Promise.allSettled(answers), committed?.catch(() => {})])
  if (gathered.failure) throw gathered.failure
  for (const value of values) if (value.status === 'rejected') throw value.reason
  await committed
  return values.map((value) => (value.status === 'fulfilled' ? value.value : undefined))
}

/** A transaction in which a statement has failed answers a commit with its rollback. */
async function commit(client: pg.Client): Promise<void> {
  const { command } = await client.query('COMMIT')
  if (command !== 'COMMIT') throw new Error('the transaction was rolled back')
}

/** What comes of it is learned elsewhere. */
function quietly(promise: Promise<unknown>): void {
  promise.catch(() => {})
}

function unavailable(error: unknown): StoreUnavailable {
  return error instanceof StoreUnavailable ? error : new StoreUnavailable(describe(error), { cause: error })
}
