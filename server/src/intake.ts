import { Gathering, type JobRequest, type Refusal, type Submitted } from '@anchorleg/shared'
import type { Attendant } from './attendant.js'
import type { ClientSession, Courier } from './courier.js'
import type { Dispatcher } from './dispatcher.js'
import type { Notifier } from './notifier/notifier.js'
import type { Demand } from './roster.js'
import type { Stager } from './stager.js'
import type { Claimed, Inserted, Insertion, Lane, Store } from './store/store.js'
import type { TelemetryBus } from './telemetry.js'

interface Submission {
  readonly session: ClientSession
  readonly jobs: readonly JobRequest[]
  readonly atomic: boolean
  readonly resolve: (submitted: Submitted[]) => void
  readonly reject: (error: unknown) => void
}

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
 * the claims of workers that wait for such jobs.
 */
export class Intake {
  #open = 0
  readonly #gathering = new Gathering<Submission>((submissions) => void this.#store(submissions))

  constructor(private readonly rooms: Rooms) {}

  /** Whether everything submitted so far has been answered. */
  get idle(): boolean {
    return this.#open === 0
  }

  /** Stores jobs and answers once they are durable. Those with a `want` are attached before they are stored. */
  submit(session: ClientSession, jobs: readonly JobRequest[], atomic: boolean): Promise<Submitted[]> {
    this.#open += 1
    for (const { ref, want } of jobs) if (want) this.rooms.courier.join(session, { ref, want })
    return new Promise((resolve, reject) => this.#gathering.add({ session, jobs, atomic, resolve, reject }))
  }

  async #store(submissions: readonly Submission[]): Promise<void> {
    const insertions = submissions.flatMap(({ session, jobs, atomic }, unit): Insertion[] =>
      jobs.map((job) => ({ tenant: session.tenant, job, ...(atomic && { unit }) })),
    )
    const pledge = this.rooms.dispatcher.pledgeFor(demandOf(insertions))
    try {
      const { inserted, claimed } = await this.rooms.store.insert(insertions, pledge.requests)
      this.rooms.dispatcher.deliver(pledge, claimed)
      this.#offer(inserted, claimed)
      let next = 0
      for (const submission of submissions) {
        const own = inserted.slice(next, next + submission.jobs.length)
        next += submission.jobs.length
        submission.resolve(this.#answer(submission, own))
      }
    } catch (error) {
      this.rooms.dispatcher.fail(pledge)
      for (const submission of submissions) {
        this.#forget(submission.session, submission.jobs)
        submission.reject(error)
      }
    } finally {
      this.#open -= submissions.length
    }
  }

  #answer({ session, jobs }: Submission, inserted: readonly Inserted[]): Submitted[] {
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

  /** What nobody here took along may find a worker at another hub. */
  #offer(inserted: readonly Inserted[], claimed: readonly Claimed[]): void {
    const taken = new Set(claimed.map(({ assignment }) => assignment.jobId))
    const lanes = inserted.filter((each) => each.type === 'inserted' && each.state === 'available' && !taken.has(each.jobId))
    if (lanes.length > 0) this.rooms.notifier.publish({ type: 'available', lanes: lanes as readonly Lane[] })
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

function demandOf(insertions: readonly Insertion[]): Demand[] {
  const demand = new Map<string, Demand & { tenants: Set<string>; count: number }>()
  for (const { tenant, job } of insertions) {
    const key = `${job.queue}\n${job.name}`
    const lane = demand.get(key) ?? { queue: job.queue, name: job.name, tenants: new Set<string>(), count: 0 }
    demand.set(key, lane)
    lane.tenants.add(tenant)
    lane.count += 1
  }
  return [...demand.values()]
}
