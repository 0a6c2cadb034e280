import { Worker } from 'node:worker_threads'
import { Gathering, systemClock } from '@anchorleg/shared'
import { type Claimed, type Start, type Store, StoreRefused, type StoreSettings, StoreUnavailable } from '../store.js'
import { type Flat, lay, raise } from './flat.js'
import * as kinds from './kinds.js'
import type { Method } from './operations.js'
import type { FromThread, Parcel, ThreadData } from './threadMessages.js'

interface Asked {
  /** What it has claimed, which is told ahead of its answer. */
  readonly claimed: (claimed: Flat) => void
  readonly resolve: (value: unknown) => void
  readonly reject: (error: StoreUnavailable) => void
}

/** What is asked of the thread. */
type Asking = Pick<Parcel, 'args' | 'entries'> & { readonly method: Method }

/**
 * Opens the embedded store over a file or in memory.
 * @throws {StoreRefused} saying why it cannot be opened
 */
export async function openSqliteStore(file: string, settings: StoreSettings): Promise<Store> {
  const { committed, opened: _, ...told } = settings
  return new SqliteStore(await startThread({ file, settings: told }), committed)
}

/**
 * Starts the thread that holds a database, and waits until it is open.
 * @throws {StoreRefused}
 */
export async function startThread(workerData: ThreadData): Promise<Worker> {
  const thread = new Worker(new URL('./sqliteThread.js', import.meta.url), { workerData, name: 'anchorleg-store' })
  const message = await new Promise<FromThread>((resolve) => {
    const refuse = (reason: unknown) => resolve({ type: 'refused', reason: `Cannot open ${workerData.file}: its thread does not start: ${reason}.` })
    thread.once('message', resolve)
    thread.on('error', refuse)
    thread.on('exit', (code) => refuse(`it ended with code ${code}`))
  })
  if (message.type === 'refused') throw new StoreRefused(message.reason)
  return thread
}

/** The store as the hub's own thread sees it. What is asked in one turn of the event loop goes over in one message. */
export class SqliteStore implements Store {
  readonly #asked = new Map<number, Asked>()
  readonly #outgoing = new Gathering<Parcel>(
    (parcels) => this.#send(parcels),
    ({ entries }) => entries,
  )
  readonly #ended: Promise<void>
  #lastId = 0
  #closed = false
  /** Why nothing can be asked any more. */
  #gone: string | undefined

  constructor(
    private readonly thread: Worker,
    private readonly committed: NonNullable<StoreSettings['committed']> = () => {},
  ) {
    thread.on('message', (message: FromThread) => this.#receive(message))
    thread.on('error', (error) => this.#end(`The store's thread died: ${String(error)}`))
    this.#ended = new Promise((resolve) => {
      thread.on('exit', () => {
        this.#end(this.#closed ? 'The store is closed.' : "The store's thread ended.")
        resolve()
      })
    })
  }

  readonly insert: Store['insert'] = async (insertions, claims, start) => {
    const load = lay(kinds.insertions, insertions)
    const { answer, claimed } = await this.#askClaiming({ method: 'insert', args: [load, claims], entries: insertions.length }, start)
    return { inserted: raise(kinds.inserted, answer), claimed }
  }
  readonly claim: Store['claim'] = (claims) =>
    new Promise((resolve, reject) => {
      this.#askClaiming({ method: 'claim', args: [claims], entries: claims.length }, resolve).then(({ claimed }) => resolve(claimed), reject)
    })
  readonly settle: Store['settle'] = async (settlements, claims, start) => {
    const load = lay(kinds.settlements, settlements)
    const { answer, claimed } = await this.#askClaiming({ method: 'settle', args: [load, claims], entries: settlements.length }, start)
    return { settled: raise(kinds.settled, answer), claimed }
  }
  readonly renew: Store['renew'] = (...args) => this.#ask('renew', args)
  readonly shorten: Store['shorten'] = (...args) => this.#ask('shorten', args)
  readonly held: Store['held'] = (...args) => this.#ask('held', args)
  readonly release: Store['release'] = (...args) => this.#ask('release', args)
  readonly cancel: Store['cancel'] = (...args) => this.#ask('cancel', args)
  readonly retry: Store['retry'] = (...args) => this.#ask('retry', args)
  readonly progress: Store['progress'] = (...args) => this.#ask('progress', args)
  readonly emit: Store['emit'] = (...args) => this.#ask('emit', args)
  readonly read: Store['read'] = (...args) => this.#ask('read', args)
  readonly watch: Store['watch'] = (...args) => this.#ask('watch', args)
  readonly inspect: Store['inspect'] = (...args) => this.#ask('inspect', args)
  readonly setQueues: Store['setQueues'] = (...args) => this.#ask('setQueues', args)
  readonly queues: Store['queues'] = (...args) => this.#ask('queues', args)
  readonly depths: Store['depths'] = (...args) => this.#ask('depths', args)
  readonly attend: Store['attend'] = (...args) => this.#ask('attend', args)
  readonly abandoned: Store['abandoned'] = (...args) => this.#ask('abandoned', args)
  readonly stage: Store['stage'] = (...args) => this.#ask('stage', args)
  readonly expire: Store['expire'] = (...args) => this.#ask('expire', args)
  readonly prune: Store['prune'] = (...args) => this.#ask('prune', args)

  /** There is no other hub to take turns with. */
  async leaveLine(): Promise<void> {}

  now(): number {
    return systemClock.now()
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true
      this.#outgoing.add({ id: 0, method: 'close', args: [], entries: 1 })
    }
    return this.#ended
  }

  async #askClaiming(asking: Asking, start: Start = () => {}): Promise<{ answer: Flat; claimed: Claimed[] }> {
    let claimed: Claimed[] = []
    const answer = await this.#deliver<Flat>(asking, (flat) => {
      claimed = raise(kinds.claimed, flat)
      start(claimed)
    })
    return { answer, claimed }
  }

  #ask<T>(method: Method, args: readonly unknown[]): Promise<T> {
    const [list] = args
    return this.#deliver({ method, args, entries: Array.isArray(list) ? list.length : 1 })
  }

  #deliver<T>(asking: Asking, claimed: Asked['claimed'] = () => {}): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new StoreUnavailable('The store is closed.'))
      if (this.#gone) return reject(new StoreUnavailable(this.#gone))
      const id = ++this.#lastId
      this.#asked.set(id, { claimed, resolve: resolve as Asked['resolve'], reject })
      this.#outgoing.add({ id, ...asking })
    })
  }

  #send(parcels: readonly Parcel[]): void {
    try {
      this.thread.postMessage(parcels)
    } catch (error) {
      // One that cannot be copied to the thread must not take the others down.
      const [only, ...others] = parcels
      if (others.length > 0) for (const parcel of parcels) this.#send([parcel])
      else if (only) this.#answer(only.id, (asked) => asked.reject(new StoreUnavailable(String(error), { cause: error })))
    }
  }

  #receive(message: FromThread): void {
    if (message.type === 'claimed') for (const { id, claimed } of message.claims) this.#asked.get(id)?.claimed(claimed)
    if (message.type !== 'stored') return
    for (const { answers, ms } of message.transactions) {
      this.committed({ requests: answers.length, ms })
      for (const answer of answers) {
        this.#answer(answer.id, (asked) => {
          if ('value' in answer) asked.resolve(answer.value)
          else asked.reject(new StoreUnavailable(answer.trouble))
        })
      }
    }
  }

  #answer(id: number, give: (asked: Asked) => void): void {
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    if (asked) give(asked)
  }

  #end(reason: string): void {
    this.#gone ??= reason
    for (const id of [...this.#asked.keys()]) this.#answer(id, (asked) => asked.reject(new StoreUnavailable(reason)))
  }
}
