import { Deadlines, type Refusal, type Submitted } from '@anchorleg/shared'
import { errorOf, InvalidJobError, RelayError } from './errors.js'
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
  readonly #underWay = new Map<string, number>()
  readonly #deadlines = new Deadlines<Submission>((submission) => submission.reject(this.#late()))
  /** Under which a promise of ours keeps the ref of its job. A WeakMap of promises would burden every collection of garbage. */
  readonly #promisedRef = Symbol('ref')
  readonly #rooms: ConstructorParameters<typeof Submission>[2]
  #ended: RelayError | undefined

  constructor(private readonly rooms: Rooms) {
    this.#rooms = { outbox: rooms.outbox, over: (submission) => this.#over(submission) }
  }

  /** Submits one job. Resolves once it is stored. */
  one(job: NewJob, options?: AsyncOptions): Promise<Relay<any, any, any>> {
    const terms = options === undefined ? asUsual : read(options)
    if (terms instanceof InvalidJobError) return Promise.reject(terms)
    const promise = this.#submit([job], terms).then(relayOfOne) as Promised
    if (isJob(job)) promise[this.#promisedRef] = job.ref
    return promise
  }

  /** Submits jobs that are stored all or none. */
  async all(jobs: readonly NewJob[]): Promise<Relay<any, any, any>[]> {
    if (!Array.isArray(jobs)) throw new InvalidJobError(`Expected a list of jobs made by new(), got ${show(jobs)}.`, [])
    if (jobs.length === 0) return []
    const submitted = await this.#submit(jobs, { ...asUsual, atomic: true })
    const refusals = submitted.filter((each) => 'refused' in each)
    const first = refusals.find(({ refused }) => !isBystander(refused)) ?? refusals[0]
    if (first) throw errorOf(first.refused, first.ref)
    return submitted.map(relayOf)
  }

  /** The ref of the job that a promise given by {@link one} submits. */
  refOf(promise: object): string | undefined {
    return (promise as Promised)[this.#promisedRef]
  }

  /** Whether a ref is being submitted. */
  isUnderWay(ref: string): boolean {
    return this.#underWay.has(ref)
  }

  /** Rejects what is not answered yet, and whatever comes later. */
  end(error: RelayError): void {
    this.#ended = error
    for (const submission of this.#deadlines.entries) submission.reject(error)
  }

  #submit(jobs: readonly NewJob[], terms: Terms): Promise<readonly Submitted[]> {
    if (!jobs.every(isJob)) return Promise.reject(new InvalidJobError('Expected a job made by new().', []))
    const refs = jobs.map(refOf)
    for (const ref of refs) this.#underWay.set(ref, (this.#underWay.get(ref) ?? 0) + 1)
    const submission = new Submission(refs, terms, this.#rooms)
    this.#deadlines.add(this.rooms.submitTimeout, submission)
    if (this.#ended) submission.reject(this.#ended)
    else submission.send(jobs)
    return submission.promise
  }

  #late(): RelayError {
    const message = `The hub did not confirm the job within ${this.rooms.submitTimeout} ms. It may exist: submitting the same job object again is safe.`
    return new RelayError('unreachable', message)
  }

  #over(submission: Submission): void {
    this.#deadlines.delete(this.rooms.submitTimeout, submission)
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

/** How a job is submitted where nothing else is said. */
const asUsual: Terms = Object.freeze({ atomic: false, signal: undefined, cancelOnDisconnect: false })

/** How a job is submitted. What is wrong with that is told like what is wrong with the job: `async` rejects with nothing else. */
function read(given: AsyncOptions): Terms | InvalidJobError {
  try {
    const { signal, cancelOnDisconnect = false } = optionsOf(given, ['signal', 'cancelOnDisconnect'])
    demand('signal', isSignal, signal)
    demand('cancelOnDisconnect', boolean, cancelOnDisconnect)
    return { atomic: false, signal, cancelOnDisconnect }
  } catch (error) {
    return new InvalidJobError((error as Error).message, [])
  }
}

type Promised = Promise<Relay<any, any, any>> & { [key: symbol]: string }

const refOf = ({ ref }: NewJob) => ref

function isJob(job: unknown): job is NewJob {
  return typeof job === 'object' && job !== null && typeof (job as NewJob).ref === 'string'
}

/** Whether a job of an atomic submit was refused only because a neighbour was. */
function isBystander({ code, issues }: Refusal): boolean {
  return code === 'invalid_job' && issues === undefined
}

const relayOfOne = ([submitted]: readonly Submitted[]) => relayOf(submitted as Submitted)

function relayOf(submitted: Submitted): Relay<any, any, any> {
  if ('refused' in submitted) throw errorOf(submitted.refused, submitted.ref)
  return makeRelay(submitted.ref, submitted.conflict, submitted)
}
