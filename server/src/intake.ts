import { Gathering, type JobRequest, type Refusal, type Submitted, stride } from '@anchorleg/shared'
import type { Attendant } from './attendant.js'
import type { ClientSession, Courier } from './courier.js'
import type { Dispatcher } from './dispatcher.js'
import { laneKey } from './laneKey.js'
import type { Notifier } from './notifier/notifier.js'
import type { Demand } from './roster.js'
import type { Stager } from './stager.js'
import type { Claimed, Inserted, Insertion, Lane, Store } from './store/store.js'
import type { TelemetryBus } from './telemetry.js'
import { Turns } from './turns.js'

/** What one message asks for. */
interface Submission {
  readonly session: ClientSession
  readonly jobs: readonly JobRequest[]
  readonly atomic: boolean
  readonly answers: Submitted[]
  /** Jobs that are not answered yet. */
  left: number
  readonly resolve: (submitted: Submitted[]) => void
  readonly reject: (error: unknown) => void
}

/** Jobs of a message that are stored together. */
interface Piece {
  readonly submission: Submission
  /** The place of the first of them in the message. */
  readonly from: number
  readonly jobs: readonly JobRequest[]
  readonly weight: number
}

/** What a job weighs: what it takes to store it, and what it takes to write so many characters. */
const charactersOfWeight = 8_192

/** What the jobs of a piece weigh, and what those weigh that the store is asked to store at once. */
const pieceWeight = 64
const storeWeight = 1_000

interface Rooms {
  readonly attendant: Attendant
  readonly store: Store
  readonly notifier: Notifier
  readonly dispatcher: Dispatcher
  readonly courier: Courier
  readonly stager: Stager
  readonly telemetry: TelemetryBus
}

/**
 * Takes jobs in. What all clients submit during one turn of the event loop is stored in one transaction, together with
 * the claims of workers that wait for such jobs. Of what is too much for one, tenants and then their connections take turns,
 * so that a single job does not wait until all of somebody's flood is stored.
 */
export class Intake {
  #open = 0
  #inStore = 0
  readonly #waiting = new Turns<ClientSession, Piece>()
  readonly #gathering = new Gathering<Submission>(
    (submissions) => {
      for (const submission of submissions) this.#waiting.add(submission.session.tenant, submission.session, piecesOf(submission))
      this.#pump()
    },
    ({ jobs }) => jobs.length,
  )

  constructor(private readonly rooms: Rooms) {}

  /** Whether everything submitted so far has been answered. */
  get idle(): boolean {
    return this.#open === 0
  }

  /** Stores jobs and answers once they are durable. Those with a `want` are attached before they are stored. */
  submit(session: ClientSession, jobs: readonly JobRequest[], atomic: boolean): Promise<Submitted[]> {
    this.#open += 1
    for (const { ref, want } of jobs) if (want) this.rooms.courier.join(session, { ref, want })
    return new Promise((resolve, reject) => {
      this.#gathering.add({ session, jobs, atomic, answers: new Array(jobs.length), left: jobs.length, resolve, reject })
    })
  }

  /** Gives the store as much as it takes at once, a stride in each transaction. */
  #pump(): void {
    let pieces: Piece[] = []
    let weight = 0
    const hand = () => {
      if (pieces.length > 0) void this.#store(pieces)
      pieces = []
      weight = 0
    }
    while (this.#inStore < storeWeight) {
      const piece = this.#waiting.next()
      if (!piece) break
      this.#inStore += piece.weight
      weight += piece.weight
      pieces.push(piece)
      if (weight >= stride) hand()
    }
    hand()
  }

  async #store(pieces: readonly Piece[]): Promise<void> {
    const insertions = pieces.flatMap(({ submission: { session, atomic }, jobs }, unit): Insertion[] =>
      jobs.map((job) => ({ tenant: session.tenant, job, ...(atomic && { unit }) })),
    )
    const pledge = this.rooms.dispatcher.pledgeFor(demandOf(insertions))
    const start = (claimed: readonly Claimed[]) => this.rooms.dispatcher.deliver(pledge, claimed)
    try {
      const { inserted, claimed } = await this.rooms.store.insert(insertions, pledge.requests, start)
      start(claimed)
      this.#offer(inserted, claimed)
      let next = 0
      for (const piece of pieces) {
        const own = inserted.slice(next, next + piece.jobs.length)
        next += piece.jobs.length
        this.#settle(piece, this.#answer(piece.submission.session, piece.jobs, own))
      }
    } catch (error) {
      this.rooms.dispatcher.fail(pledge)
      for (const piece of pieces) this.#fail(piece, error)
    } finally {
      for (const { weight } of pieces) this.#inStore -= weight
      this.#pump()
    }
  }

  #settle({ submission, from }: Piece, answers: readonly Submitted[]): void {
    answers.forEach((answer, i) => {
      submission.answers[from + i] = answer
    })
    submission.left -= answers.length
    if (submission.left > 0) return
    this.#open -= 1
    submission.resolve(submission.answers)
  }

  /** The store did not take a piece. Of a message that was cut, other pieces may be stored: its jobs are refused one by one. */
  #fail(piece: Piece, error: unknown): void {
    const { submission, jobs } = piece
    this.#forget(submission.session, jobs)
    if (jobs.length < submission.jobs.length) {
      const message = error instanceof Error ? error.message : String(error)
      return this.#settle(
        piece,
        jobs.map(({ ref }) => ({ ref, refused: { code: 'store_unavailable', message } })),
      )
    }
    this.#open -= 1
    submission.reject(error)
  }

  #answer(session: ClientSession, jobs: readonly JobRequest[], inserted: readonly Inserted[]): Submitted[] {
    const seenBefore: JobRequest[] = []
    const answers = jobs.map((job, i): Submitted => {
      const answer = inserted[i] as Inserted
      if (answer.type === 'refused') return this.#refuse(session, job, answer.refusal)
      if (answer.conflict) this.rooms.attendant.see({ tenant: session.tenant, ref: job.ref })
      if (answer.type === 'existing') seenBefore.push(job)
      else
        this.rooms.telemetry.tell({
          type: 'job.inserted',
          jobId: answer.jobId,
          lane: { queue: answer.queue, name: answer.name },
          state: answer.state,
        })
      if (answer.state === 'scheduled') this.rooms.stager.expect(answer.dueAt)
      return { ref: job.ref, conflict: answer.conflict, name: answer.name, queue: answer.queue }
    })
    if (seenBefore.length > 0) void this.#catchUp(session, seenBefore)
    return answers
  }

  /**
   * What nobody here took along may find a worker at another hub; or here, where slots are free: what was claimed along may have been
   * older jobs of another hub.
   */
  #offer(inserted: readonly Inserted[], claimed: readonly Claimed[]): void {
    const taken = new Set(claimed.map(({ assignment }) => assignment.jobId))
    const lanes = inserted.filter((each) => each.type === 'inserted' && each.state === 'available' && !taken.has(each.jobId))
    if (lanes.length === 0) return
    this.rooms.notifier.publish({ type: 'available', lanes: lanes as readonly Lane[] })
    this.rooms.dispatcher.fill()
  }

  #refuse(session: ClientSession, job: JobRequest, refused: Refusal): Submitted {
    this.#forget(session, [job])
    this.rooms.telemetry.tell({ type: 'job.refused', code: refused.code })
    return { ref: job.ref, refused }
  }

  /** A job that was here before may have its outcome already, and that outcome will not be announced again. */
  async #catchUp(session: ClientSession, jobs: readonly JobRequest[]): Promise<void> {
    const wanted = jobs.flatMap(({ ref, want }) => (want ? [{ ref, want }] : []))
    if (wanted.length === 0) return
    try {
      const standings = await this.rooms.courier.attach(session, wanted)
      const outcomes = standings.flatMap((standing) => (standing.type === 'outcome' ? [{ ref: standing.ref, outcome: standing.outcome }] : []))
      if (outcomes.length > 0) session.tell.outcomes(outcomes)
    } catch (error) {
      this.rooms.telemetry.tell({ type: 'store.failed', during: 'attach', error })
    }
  }

  #forget(session: ClientSession, jobs: readonly JobRequest[]): void {
    for (const { ref, want } of jobs) if (want) this.rooms.courier.leave(session, { ref, want })
  }
}

/** Cuts what a message asks for, unless it is to be stored as a whole. */
function piecesOf(submission: Submission): Piece[] {
  const { jobs, atomic } = submission
  const pieces: Piece[] = []
  for (let from = 0; from < jobs.length; ) {
    let weight = 0
    let to = from
    while (to < jobs.length && (atomic || weight < pieceWeight)) weight += weightOf(jobs[to++] as JobRequest)
    pieces.push({ submission, from, jobs: to - from === jobs.length ? jobs : jobs.slice(from, to), weight })
    from = to
  }
  return pieces
}

function weightOf({ args }: JobRequest): number {
  return 1 + Math.floor(args.length / charactersOfWeight)
}

function demandOf(insertions: readonly Insertion[]): Demand[] {
  const demand = new Map<string, Demand & { tenants: Set<string>; count: number }>()
  for (const { tenant, job } of insertions) {
    const key = laneKey(job)
    const lane = demand.get(key) ?? { queue: job.queue, name: job.name, tenants: new Set<string>(), count: 0 }
    demand.set(key, lane)
    lane.tenants.add(tenant)
    lane.count += 1
  }
  return [...demand.values()]
}
