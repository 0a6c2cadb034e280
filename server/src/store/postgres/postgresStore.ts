import { type Claimed, type ClaimRequest, type Inserted, type Settled, type Store, StoreUnavailable } from '../store.js'
import type { PostgresAddress } from './address.js'
import { abandoned, attend } from './attending.js'
import { cancel } from './cancel.js'
import { type ClaimedSome, claim } from './claim.js'
import { withAliases } from './conclude.js'
import type { DatabaseClock } from './databaseClock.js'
import { depths } from './depths.js'
import { insertPlain, isPlain } from './insert.js'
import { insertCarefully } from './insertCarefully.js'
import { inspect } from './inspect.js'
import { type Heeding, Interest } from './interest.js'
import { Lane } from './lane.js'
import { held, release, renew, shorten } from './leases.js'
import { LostClaims, Tokens } from './lostClaims.js'
import { openClient } from './openClient.js'
import type { Inside, Means, Method } from './operations.js'
import { buryOutlived, prune } from './prune.js'
import { leaveLine, queues, setQueues } from './queues.js'
import { read } from './read.js'
import { emit, progress } from './reports.js'
import { retry } from './retry.js'
import { settleCarefully, settleKnown } from './settle.js'
import { expire, stage } from './sweep.js'
import type { Transaction } from './transaction.js'
import { watch } from './watch.js'

interface Parts {
  readonly address: PostgresAddress
  readonly clock: DatabaseClock
  readonly means: Means
}

/** How long answers may take, in ms: callers wait no longer than 10 s. */
const patience = { store: 8_000, interest: 8_000, upkeep: 70_000 } as const

const noClaims = async (): Promise<ClaimedSome> => ({ claimed: [], again: [] })

/** How often jobs are asked for again that other hubs were just claiming. */
const claimsAgain = 3

/**
 * The store in PostgreSQL, over three connections: one for all that callers and workers wait for, which keeps the order in which
 * it was asked, one to note which other hubs' jobs this one wants to hear of, which waits for nobody, and one for upkeep, which may take its time.
 */
export class PostgresStore implements Store {
  readonly #main: Lane
  readonly #upkeep: Lane
  readonly #noting: Lane
  readonly #open = new Set<Promise<unknown>>()
  readonly #means: Means
  readonly #lost: LostClaims
  #closed: Promise<void> | undefined

  constructor({ address, clock, means }: Parts) {
    const { committed = () => {} } = means.settings
    const lane = (purpose: keyof typeof patience) =>
      new Lane({ open: () => openClient(address, purpose), patience: patience[purpose], clock, committed })
    this.#main = lane('store')
    this.#upkeep = lane('upkeep')
    this.#noting = lane('interest')
    const interest = new Interest(this.#noting, means)
    this.#means = means
    this.#lost = new LostClaims(means.clock)
    const tells = <M extends Method>(run: Inside<M>) => this.#method(this.#main, run, false)
    const talks = <M extends Method>(run: Inside<M>) => this.#method(this.#main, run, true)
    const keepsUp = <M extends Method>(run: Inside<M>) => this.#method(this.#upkeep, run, true)
    this.renew = tells(renew(means))
    this.shorten = tells(shorten(means))
    this.held = tells(held())
    this.release = talks(release(means))
    this.cancel = talks(cancel(means))
    this.retry = talks(retry(means))
    this.progress = talks(progress())
    this.emit = talks(emit())
    const heeding = <Asked, Answer>(talks: boolean, run: (tx: Transaction, asked: Asked) => Promise<Heeding<Answer>>) => {
      return (asked: Asked) =>
        this.#asked(async () => {
          const { answers, unheeded } = await this.#ask(talks, (tx) => run(tx, asked))
          if (unheeded.length === 0) return answers
          await interest.note(unheeded)
          return (await this.#again(talks, (tx) => run(tx, asked))).answers
        })
    }
    this.read = heeding(false, read(means))
    this.watch = heeding(true, watch(means))
    this.inspect = talks(inspect(means))
    this.setQueues = tells(setQueues())
    this.queues = tells(queues())
    this.leaveLine = tells(leaveLine(means))
    this.depths = keepsUp(depths(means))
    this.attend = tells(attend(means))
    this.abandoned = tells(abandoned(means))
    const staging = stage(means)
    this.stage = tells<'stage'>((tx, limit) =>
      Promise.all([this.#lost.handBack(tx), staging(tx, limit)]).then(([back, { staged, nextDueAt }]) => ({
        staged: [...back, ...staged],
        nextDueAt,
      })),
    )
    const expiring = expire(means, clock.unmoved)
    this.expire = (...args) => talks(expiring())(...args)
    const [burying, pruning] = [buryOutlived(means), prune(means)]
    this.prune = (limit) =>
      this.#asked(async () => {
        const buried = await this.#upkeep.ask({ talks: true, run: (tx) => burying(tx, limit) }, true)
        return this.#upkeep.ask({ talks: true, run: (tx) => pruning(tx, buried, limit) }, false)
      })
    this.insert = (...args) => this.#asked(() => this.#claiming((tokens) => this.#insert(tokens, ...args)))
    this.settle = (...args) => this.#asked(() => this.#claiming((tokens) => this.#settle(tokens, ...args)))
    this.claim = (requests) =>
      this.#asked(() => this.#claiming(async (tokens) => this.#more(await this.#ask(false, (tx) => this.#claims(tx, requests, tokens)))))
    this.#claims = claim(means)
    this.#plain = insertPlain(means, this.#claims)
    this.#careful = insertCarefully(means)
    this.#known = settleKnown(means)
  }

  readonly insert: Store['insert']
  readonly claim: Store['claim']
  readonly settle: Store['settle']
  readonly renew: Store['renew']
  readonly shorten: Store['shorten']
  readonly held: Store['held']
  readonly release: Store['release']
  readonly cancel: Store['cancel']
  readonly retry: Store['retry']
  readonly progress: Store['progress']
  readonly emit: Store['emit']
  readonly read: Store['read']
  readonly watch: Store['watch']
  readonly inspect: Store['inspect']
  readonly setQueues: Store['setQueues']
  readonly queues: Store['queues']
  readonly leaveLine: Store['leaveLine']
  readonly depths: Store['depths']
  readonly attend: Store['attend']
  readonly abandoned: Store['abandoned']
  readonly stage: Store['stage']
  readonly expire: Store['expire']
  readonly prune: Store['prune']
  readonly #plain: ReturnType<typeof insertPlain>
  readonly #careful: ReturnType<typeof insertCarefully>
  readonly #known: ReturnType<typeof settleKnown>
  readonly #claims: ReturnType<typeof claim>

  now(): number {
    return this.#means.clock.now()
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#open)
    await Promise.all([this.#main.close(), this.#upkeep.close(), this.#noting.close()])
  }

  async #insert(tokens: Tokens, ...[insertions, requests]: Parameters<Store['insert']>): ReturnType<Store['insert']> {
    if (!isPlain(insertions)) {
      const claims = (tx: Transaction) => this.#claims(tx, requests, tokens)
      const { inserted, claimed } = await this.#ask(true, (tx) => this.#careful(tx, insertions, claims))
      return { inserted, claimed: await this.#more(claimed) }
    }
    const { inserted, claimed } = await this.#ask(false, (tx) => this.#plain(tx, { insertions, requests, tokens }))
    const known = insertions.filter((_, i) => inserted[i] === undefined)
    const looked = known.length === 0 ? [] : (await this.#again(true, (tx) => this.#careful(tx, known, noClaims))).inserted
    return { inserted: inserted.map((each) => each ?? (looked.shift() as Inserted)), claimed: await this.#more(claimed) }
  }

  async #settle(tokens: Tokens, ...[settlements, requests]: Parameters<Store['settle']>): ReturnType<Store['settle']> {
    const claims = (tx: Transaction) => this.#claims(tx, requests, tokens)
    const { claimed, ...ended } = await this.#ask(false, (tx) => this.#known(tx, settlements, claims))
    // What was settled stands, whatever becomes of this.
    const told =
      ended.aliased.length === 0 ? ended.announcements : await this.#again(false, (tx) => withAliases(tx, ended)).catch(() => ended.announcements)
    const unknown = settlements.filter((_, i) => told[i] === undefined)
    const looked = unknown.length === 0 ? [] : await this.#again(true, (tx) => settleCarefully(this.#means)(tx, unknown))
    const settled = told.map((announcement): Settled => (announcement ? { type: 'settled', announcement } : (looked.shift() as Settled)))
    return { settled, claimed: await this.#more(claimed) }
  }

  /** Asks on for jobs that were passed over because other hubs held those before them, in transactions of their own. */
  async #more({ claimed, again }: ClaimedSome): Promise<Claimed[]> {
    const all = [...claimed]
    let left: readonly ClaimRequest[] = again
    for (let i = 0; left.length > 0 && i < claimsAgain; i++) {
      const requests = left
      // What was claimed before stands, and is on its way, whatever becomes of this.
      const more = await this.#claiming((tokens) => this.#again(false, (tx) => this.#claims(tx, requests, tokens))).catch(noClaims)
      all.push(...more.claimed)
      left = more.again
    }
    return all
  }

  #method<M extends Method>(lane: Lane, run: Inside<M>, talks: boolean): Store[M] {
    const method = (...args: Parameters<Store[M]>) =>
      this.#asked(() => lane.ask<unknown>({ talks, run: (tx) => run(tx, ...args) as Promise<unknown> }, true))
    return method as unknown as Store[M]
  }

  /** A call that claims, with tokens of its own: when it fails, what it claimed all the same is handed back, by `stage`. */
  async #claiming<T>(call: (tokens: Tokens) => Promise<T>): Promise<T> {
    const tokens = new Tokens()
    try {
      return await call(tokens)
    } catch (error) {
      this.#lost.add(tokens)
      throw error
    }
  }

  /** The first transaction of a call. */
  #ask<T>(talks: boolean, run: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#main.ask({ talks, run }, true)
  }

  /** A further transaction of the same call. */
  #again<T>(talks: boolean, run: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#main.ask({ talks, run }, false)
  }

  async #asked<T>(call: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new StoreUnavailable('The store is closed.')
    const answer = call()
    this.#open.add(answer)
    try {
      return await answer
    } finally {
      this.#open.delete(answer)
    }
  }
}
