import { Worker as Thread } from 'node:worker_threads'
import { after, type Lease, type WorkerAsks } from '@anchorleg/shared'
import type { Connection } from '../connection.js'
import type { Log } from '../context.js'
import { LeaseBoard } from './leaseBoard.js'
import type { FromLeaseThread, LeaseThreadData, ToLeaseThread } from './leaseMessages.js'
import type { RememberedToken } from './rememberedToken.js'
import { renewLeases } from './renewLeases.js'

interface Rooms {
  readonly connection: Pick<Connection<WorkerAsks>, 'ask' | 'limits' | 'status'>
  readonly addresses: readonly string[]
  readonly token: RememberedToken
  readonly log: Log
  /** Leases that the hub has given to others. */
  readonly lost: (leases: Lease[]) => void
  /** Milliseconds without a sign from this thread after which nothing is renewed. Default 5 min. */
  readonly silenceMs?: number
  /** Where the thread's code is. */
  readonly program?: URL
}

/** Milliseconds between two signs that this thread is well. */
const beatEvery = 1_000

const places = 256

/**
 * Keeps the leases held here, every third of a lease. Their renewal is the work of a thread of its own, because a handler may
 * keep this one busy; where that thread does not do it, this one does, as well as it can.
 */
export class LeaseKeeper {
  readonly #held = new Map<string, { readonly lease: Lease; readonly timeout: number; place: number }>()
  #board = LeaseBoard.make(places)
  #free: number[] = []
  #thread: Thread | undefined
  /** There is no thread, or none any more. */
  #isAlone = false
  #leaseMs: number | undefined
  #closed = false
  #stopWatch = () => {}
  #stopBeat = () => {}

  constructor(private readonly rooms: Rooms) {
    this.#offer(0)
  }

  /** The worker has registered: leases last so many ms. */
  start(leaseMs: number): void {
    if (this.#closed) return
    const isFirst = this.#leaseMs === undefined
    this.#leaseMs = leaseMs
    if (!isFirst) this.#tell({ type: 'lease', leaseMs })
    else {
      this.#beat()
      this.#startThread(leaseMs)
    }
    this.#watch()
  }

  /** Leases that are held from now on, each with its run's timeout in ms. */
  hold(leases: readonly (Lease & { readonly timeout?: number | undefined })[]): void {
    for (const { jobId, lease, timeout = Number.POSITIVE_INFINITY } of leases) {
      if (this.#held.has(lease)) continue
      const place = this.#free.pop() ?? this.#grow()
      const entry = { lease: { jobId, lease }, timeout, place }
      this.#held.set(lease, entry)
      this.#board.write(place, entry)
    }
  }

  /** A lease that is held no longer. */
  free(lease: string): void {
    const held = this.#held.get(lease)
    if (!held) return
    this.#held.delete(lease)
    this.#board.clear(held.place)
    this.#free.push(held.place)
  }

  /** Renews nothing more. Resolves when the thread has ended. Safe to call twice. */
  async close(): Promise<void> {
    this.#closed = true
    this.#stopWatch()
    this.#stopBeat()
    const thread = this.#thread
    this.#thread = undefined
    await thread?.terminate()
  }

  #startThread(leaseMs: number): void {
    const { addresses, token, log, silenceMs = 300_000, program = new URL('./leaseThread.js', import.meta.url) } = this.rooms
    const workerData: LeaseThreadData = { memory: this.#board.memory, addresses, token: token.last, asksToken: token.changes, leaseMs, silenceMs }
    const failed = (reason: unknown) => {
      if (this.#closed || this.#isAlone) return
      this.#isAlone = true
      this.#thread = undefined
      log.warn(`Leases are renewed from the handlers’ own thread, so a handler that computes without a pause loses its job. ${String(reason)}`)
      this.#watch()
    }
    try {
      const thread = new Thread(program, { workerData, name: 'anchorleg-leases' })
      this.#thread = thread
      thread.on('message', (message: FromLeaseThread) => this.#hear(message))
      thread.on('error', failed)
      thread.on('exit', (code) => failed(`its thread ended with code ${code}`))
    } catch (error) {
      failed(error)
    }
  }

  #hear(message: FromLeaseThread): void {
    switch (message.type) {
      case 'renewed':
        this.#watch()
        return this.rooms.lost(message.lost)
      case 'token':
        this.rooms.token.renew().then(
          (token) => this.#tell({ type: 'token', token }),
          () => this.#tell({ type: 'token', token: undefined }),
        )
        return
      case 'refused':
        return this.rooms.log.warn(`The hub does not let the thread in that renews leases: ${message.message}`)
      default:
        return message satisfies never
    }
  }

  /** While the thread is well, it is heard of in time; when it is not, this thread renews. */
  #watch(): void {
    this.#stopWatch()
    if (this.#closed || this.#leaseMs === undefined) return
    this.#stopWatch = after(this.#leaseMs / (this.#isAlone ? 3 : 2), () => {
      this.#watch()
      void this.#renew()
    })
  }

  async #renew(): Promise<void> {
    const leases = [...this.#held.values()].map(({ lease }) => lease)
    if (leases.length === 0 || this.rooms.connection.status !== 'connected') return
    const lost = await renewLeases(this.rooms.connection, leases)
    if (lost) this.rooms.lost(lost)
  }

  #beat(): void {
    this.#board.beat()
    this.#stopBeat = after(beatEvery, () => this.#beat())
  }

  /** Makes a board of twice the size, and gives its next place. */
  #grow(): number {
    const old = this.#board
    this.#board = LeaseBoard.make(old.places * 2)
    for (const entry of this.#held.values()) this.#board.write(entry.place, entry)
    this.#offer(old.places)
    this.#tell({ type: 'board', memory: this.#board.memory })
    return this.#free.pop() as number
  }

  /** Makes the board's places from this one on free, the first to be taken first. */
  #offer(from: number): void {
    for (let place = this.#board.places - 1; place >= from; place -= 1) this.#free.push(place)
  }

  #tell(message: ToLeaseThread): void {
    this.#thread?.postMessage(message)
  }
}
