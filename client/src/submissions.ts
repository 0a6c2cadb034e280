import type { Refusal, Submitted } from '@anchorleg/shared'
import { errorOf, InvalidJobError, type RelayError } from './errors.js'
import type { NewJob } from './newJob.js'
import { boolean, demand, signal as isSignal, type Opt, optionsOf, show } from './options.js'
import type { Outbox } from './outbox.js'
import { makeRelay, type Relay } from './relay.js'
import { Submission, type Terms } from './submission.js'

/** How one job is submitted. */
export type AsyncOptions = Opt<{
  /** Stops submitting with `aborted`; it cancels nothing that is stored. */
  signal: AbortSignal
  /** Cancels the job when nobody has been attached to it for 30 s: this client is, as long as it lives. */
  cancelOnDisconnect: boolean
}>

interface Rooms {
  readonly outbox: Outbox
  /** Milliseconds from the call to `unreachable`. */
  readonly submitTimeout: number
  /** Called when the last submission of a ref is over. */
  readonly released: (ref: string) => void
}

/** The jobs that are being submitted, and which refs the hub may therefore not know yet. */
export class Submissions {
  readonly #open = new Set<Submission>()
  readonly #underWay = new Map<string, number>()
  readonly #promised = new WeakMap<object, string>()
  #ended: RelayError | undefined

  constructor(private readonly rooms: Rooms) {}

  /** Submits one job. Resolves once it is stored. */
  one(job: NewJob, options?: AsyncOptions): Promise<Relay<any, any, any>> {
    const { signal, cancelOnDisconnect, wrong } = read(options)
    if (wrong) return Promise.reject(wrong)
    const promise = this.#submit([job], { atomic: false, signal, cancelOnDisconnect }).then(([submitted]) => relayOf(submitted as Submitted))
    if (isJob(job)) this.#promised.set(promise, job.ref)
    return promise
  }

  /** Submits jobs that are stored all or none. */
  async all(jobs: readonly NewJob[]): Promise<Relay<any, any, any>[]> {
    if (!Array.isArray(jobs)) throw new InvalidJobError(`Expected a list of jobs made by new(), got ${show(jobs)}.`, [])
    if (jobs.length === 0) return []
    const submitted = await this.#submit(jobs, { atomic: true, signal: undefined, cancelOnDisconnect: false })
    const refusals = submitted.filter((each) => 'refused' in each)
    const first = refusals.find(({ refused }) => !isBystander(refused)) ?? refusals[0]
    if (first) throw errorOf(first.refused, first.ref)
    return submitted.map(relayOf)
  }

  /** The ref of the job that a promise given by {@link one} submits. */
  refOf(promise: object): string | undefined {
    return this.#promised.get(promise)
  }

  /** Whether a ref is being submitted. */
  isUnderWay(ref: string): boolean {
    return this.#underWay.has(ref)
  }

  /** Rejects what is not answered yet, and whatever comes later. */
  end(error: RelayError): void {
    this.#ended = error
    for (const submission of [...this.#open]) submission.reject(error)
  }

  #submit(jobs: readonly NewJob[], terms: Pick<Terms, 'atomic' | 'signal' | 'cancelOnDisconnect'>): Promise<readonly Submitted[]> {
    if (!jobs.every(isJob)) return Promise.reject(new InvalidJobError('Expected a job made by new().', []))
    const refs = jobs.map(({ ref }) => ref)
    const { outbox, submitTimeout: timeout } = this.rooms
    for (const ref of refs) this.#underWay.set(ref, (this.#underWay.get(ref) ?? 0) + 1)
    const submission: Submission = new Submission(refs, { ...terms, outbox, timeout, over: (over) => this.#over(over) })
    this.#open.add(submission)
    if (this.#ended) submission.reject(this.#ended)
    else submission.send(jobs)
    return submission.promise
  }

  #over(submission: Submission): void {
    this.#open.delete(submission)
    for (const ref of submission.refs) {
      const left = (this.#underWay.get(ref) ?? 1) - 1
      if (left > 0) this.#underWay.set(ref, left)
      else {
        this.#underWay.delete(ref)
        this.rooms.released(ref)
      }
    }
  }
}

/** How a job is submitted. What is wrong with that is told like what is wrong with the job: `async` rejects with nothing else. */
function read(given: AsyncOptions | undefined) {
  try {
    const { signal, cancelOnDisconnect = false } = optionsOf(given, ['signal', 'cancelOnDisconnect'])
    demand('signal', isSignal, signal)
    demand('cancelOnDisconnect', boolean, cancelOnDisconnect)
    return { signal, cancelOnDisconnect }
  } catch (error) {
    return { signal: undefined, cancelOnDisconnect: false, wrong: new InvalidJobError((error as Error).message, []) }
  }
}

function isJob(job: unknown): job is NewJob {
  return typeof job === 'object' && job !== null && typeof (job as NewJob).ref === 'string'
}

/** Whether a job of an atomic submit was refused only because a neighbour was. */
function isBystander({ code, issues }: Refusal): boolean {
  return code === 'invalid_job' && issues === undefined
}

function relayOf(submitted: Submitted): Relay<any, any, any> {
  if ('refused' in submitted) throw errorOf(submitted.refused, submitted.ref)
  return makeRelay(submitted.ref, submitted.conflict, submitted)
}
