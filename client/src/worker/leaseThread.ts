import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { after, type Lease, namespaces, type WorkerAsks } from '@anchorleg/shared'
import { Connection } from '../connection.js'
import type { RelayError } from '../errors.js'
import { within } from '../within.js'
import { LeaseBoard } from './leaseBoard.js'
import type { FromLeaseThread, LeaseThreadData, ToLeaseThread } from './leaseMessages.js'
import { renewLeases } from './renewLeases.js'

/** Milliseconds without a sign after which the handlers' thread counts as busy. It gives one every second. */
const busyAfter = 2_000

/**
 * Milliseconds between renewals while it is busy. A hub that no longer hears the busy thread closes its connection and
 * shortens its leases to a grace, by default of 2 s.
 */
const busyPace = 1_000

/**
 * The thread that renews a worker's leases, on a connection of its own, so that a handler that computes without a pause
 * cannot starve them. It reads which are held from a board in shared memory.
 */
class LeaseThread {
  #board: LeaseBoard
  #leaseMs: number
  #connection: Connection<WorkerAsks>
  /** Milliseconds for which each lease has been seen here, by its token. */
  #ages = new Map<string, number>()
  #beats: number
  #silentFor = 0
  #token: string | undefined
  #takeToken = (_: string | undefined) => {}

  constructor(
    private readonly port: MessagePort,
    private readonly data: LeaseThreadData,
  ) {
    this.#board = new LeaseBoard(data.memory)
    this.#beats = this.#board.beats
    this.#leaseMs = data.leaseMs
    this.#token = data.token
    this.#connection = this.#connect()
    port.on('message', (message: ToLeaseThread) => this.#hear(message))
    this.#wait()
  }

  #connect(): Connection<WorkerAsks> {
    const { addresses, asksToken } = this.data
    const token = asksToken ? () => this.#askToken() : this.data.token
    const ended = ({ code, message }: RelayError) => {
      // While the handlers' thread is busy there is only its last token, which may have run out.
      if (asksToken && code === 'unauthorized') this.#connection = this.#connect()
      else this.#tell({ type: 'refused', message })
    }
    const listener = { connected() {}, disconnected() {}, failed() {}, ended, hears: {} }
    return new Connection({ addresses, namespace: namespaces.worker, token }, listener)
  }

  #wait(): void {
    const ms = this.#silentFor >= busyAfter ? Math.min(this.#leaseMs / 3, busyPace) : this.#leaseMs / 3
    after(ms, () => {
      this.#listen(ms)
      const due = this.#due(ms)
      if (due.length > 0) void this.#renew(due)
      else this.#tell({ type: 'renewed', lost: [] })
      this.#wait()
    })
  }

  /** Whether the handlers' thread has given a sign in the last so many ms. */
  #listen(ms: number): void {
    const { beats } = this.#board
    this.#silentFor = beats === this.#beats ? this.#silentFor + ms : 0
    this.#beats = beats
  }

  /** The leases to renew: not those of a run past its timeout, and none while the handlers' thread seems dead. */
  #due(ms: number): Lease[] {
    const entries = this.#board.read()
    this.#ages = new Map(entries.map(({ lease: { lease } }) => [lease, (this.#ages.get(lease) ?? -ms) + ms]))
    if (this.#silentFor > this.data.silenceMs) return []
    return entries.flatMap(({ lease, timeout }) => ((this.#ages.get(lease.lease) ?? 0) <= timeout ? [lease] : []))
  }

  async #renew(leases: readonly Lease[]): Promise<void> {
    this.#connection.open()
    if (this.#connection.status === 'connecting') await within(this.#leaseMs / 3, this.#connection.ready)
    const lost = await renewLeases(this.#connection, leases)
    if (lost) this.#tell({ type: 'renewed', lost })
  }

  /** A busy thread gives none, so that the last one must do. */
  async #askToken(): Promise<string> {
    const answer = new Promise<string | undefined>((resolve) => {
      this.#takeToken = resolve
    })
    this.#tell({ type: 'token' })
    this.#token = (await within(this.#leaseMs / 6, answer)) ?? this.#token
    if (this.#token === undefined) throw new Error('There is no token yet.')
    return this.#token
  }

  #hear(message: ToLeaseThread): void {
    switch (message.type) {
      case 'lease':
        this.#leaseMs = message.leaseMs
        return
      case 'board':
        this.#board = new LeaseBoard(message.memory)
        return
      case 'token':
        return this.#takeToken(message.token)
      default:
        return message satisfies never
    }
  }

  #tell(message: FromLeaseThread): void {
    this.port.postMessage(message)
  }
}

if (parentPort) new LeaseThread(parentPort, workerData as LeaseThreadData)
