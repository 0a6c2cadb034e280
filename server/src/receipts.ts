import { type Assignment, after } from '@anchorleg/shared'
import type { Dispatcher } from './dispatcher.js'
import { handBack } from './handBack.js'
import type { Herald } from './herald.js'
import type { Notifier } from './notifier/notifier.js'
import type { Roster, WorkerSession } from './roster.js'
import type { Store } from './store/store.js'
import type { TelemetryBus } from './telemetry.js'

/** How often it looks who owes an acknowledgement, in ms; more often where leases are short, so many times in one. */
const longestBeat = 500
const beatsInLease = 6

/** Beats that pass before an acknowledgement is overdue: two seconds. */
const patience = 4

/** Bytes that even a slow line carries in one beat. A message that takes longer to arrive is acknowledged later. */
const bytesInBeat = 65_536

interface Rooms {
  readonly store: Store
  readonly roster: Roster
  readonly dispatcher: Dispatcher
  readonly notifier: Notifier
  readonly herald: Herald
  readonly telemetry: TelemetryBus
}

/** Jobs that left in one message. */
interface Load {
  readonly assignments: readonly Assignment[]
  readonly patience: number
}

/** What a worker has not acknowledged. */
interface Debt {
  /** The oldest first: a line keeps their order. */
  readonly loads: Set<Load>
  /** For how many beats the worker has acknowledged nothing. */
  beats: number
  /** Whether its jobs are being given back, or are. */
  jobs: 'held' | 'leaving' | 'gone'
}

/**
 * Sees to it that jobs reach their workers. Each message with jobs is acknowledged; a worker that does not do so in time has
 * a thread that is busy, or a line that is dead: its jobs are given back, their attempts not consumed, and it gets no more
 * until it has acknowledged all that it was sent. Whatever else it says is no sign, for it may have been said before.
 *
 * It counts beats, not time: while this hub itself stands still, nothing becomes overdue.
 */
export class Receipts {
  readonly #debts = new Map<WorkerSession, Debt>()
  readonly #beatMs: number
  #isBeating = false
  #stopped = false
  #cancel = () => {}

  constructor(
    private readonly rooms: Rooms,
    /** How long a lease lasts, in ms. */
    leaseMs: number,
  ) {
    this.#beatMs = Math.min(longestBeat, leaseMs / beatsInLease)
  }

  /** Jobs leave for a worker in one message. Gives what is to be called when the worker acknowledges it. */
  expect(session: WorkerSession, assignments: readonly Assignment[]): () => void {
    const bytes = assignments.reduce((sum, { args }) => sum + args.length, 0)
    const load = { assignments, patience: patience + Math.floor(bytes / bytesInBeat) }
    const debt = this.#debts.get(session)
    if (debt) debt.loads.add(load)
    else this.#debts.set(session, { loads: new Set([load]), beats: 0, jobs: 'held' })
    this.#schedule()
    return () => this.#acknowledged(session, load)
  }

  /** A worker's connection has closed: what it held is a matter of its leases alone, as one that died at a job says nothing either. */
  forget(session: WorkerSession): void {
    this.#debts.delete(session)
  }

  /** Whether every job that was sent is either acknowledged or given back. */
  get idle(): boolean {
    return [...this.#debts.values()].every(({ jobs }) => jobs === 'gone')
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  #acknowledged(session: WorkerSession, load: Load): void {
    const debt = this.#debts.get(session)
    if (!debt?.loads.delete(load)) return
    debt.beats = 0
    if (debt.loads.size > 0) return
    this.#debts.delete(session)
    if (!session.overdue) return
    session.overdue = false
    this.rooms.dispatcher.fill()
  }

  #schedule(): void {
    if (this.#stopped || this.#isBeating || this.#debts.size === 0) return
    this.#isBeating = true
    this.#cancel = after(this.#beatMs, () => {
      this.#isBeating = false
      this.#beat()
      this.#schedule()
    })
  }

  #beat(): void {
    for (const [session, debt] of this.#debts) {
      debt.beats += 1
      const [oldest] = debt.loads
      if (debt.jobs === 'held' && oldest && debt.beats > oldest.patience) void this.#giveBack(session, debt)
    }
  }

  async #giveBack(session: WorkerSession, debt: Debt): Promise<void> {
    const { roster, dispatcher, telemetry } = this.rooms
    const leases = [...debt.loads]
      .flatMap(({ assignments }) => assignments.map(({ jobId, lease }) => ({ jobId, lease })))
      .filter((lease) => roster.holderOf(lease) === session)
    debt.jobs = 'leaving'
    session.overdue = true
    telemetry.tell({ type: 'worker.overdue', peer: session.id, jobs: leases.length })
    try {
      if (leases.length > 0) await handBack(this.rooms, leases)
    } catch (error) {
      // The worker still holds them. Unless it acknowledges them meanwhile, the next beat tries again.
      debt.jobs = 'held'
      return telemetry.tell({ type: 'store.failed', during: 'release', error })
    }
    debt.jobs = 'gone'
    if (leases.length === 0) return
    for (const lease of leases) roster.free(session, lease)
    session.tell.lost(leases)
    dispatcher.fill()
  }
}
