import type { Event, EventOf } from './event.js'

/** One await: when it began, and what it gave; nothing for one that never ended. */
export interface Wait {
  readonly begun: EventOf<'await'>
  readonly ended: EventOf<'result'> | undefined
}

/** All that happened to one ref. */
export interface RefStory {
  readonly ref: string
  readonly submits: EventOf<'submit'>[]
  readonly acks: EventOf<'ack'>[]
  readonly refusals: EventOf<'refusal'>[]
  readonly starts: EventOf<'start'>[]
  readonly tolds: EventOf<'told'>[]
  readonly waits: Wait[]
  end: EventOf<'end'> | undefined
}

/** All that happened to one job at its workers. */
export interface JobStory {
  readonly jobId: string
  readonly claims: EventOf<'claim'>[]
  readonly starts: EventOf<'start'>[]
  readonly settles: EventOf<'settle'>[]
  readonly verdicts: EventOf<'verdict'>[]
  readonly losses: EventOf<'lost'>[]
}

/** A time in which something was broken on purpose, in ms. */
export interface Disturbance {
  readonly from: number
  readonly to: number
}

/** Events, sorted by what they are about. */
export class History {
  readonly #refs = new Map<string, RefStory>()
  readonly #jobs = new Map<string, JobStory>()
  readonly #byes = new Set<string>()
  readonly #faults: EventOf<'fault'>[] = []

  /** @param events in the order in which they happened */
  constructor(readonly events: readonly Event[]) {
    const results = new Map<string, EventOf<'result'>>()
    for (const event of events) if (event.type === 'result') results.set(`${event.nth} ${event.by}`, event)
    for (const event of events) this.#file(event, results)
  }

  get refs(): readonly RefStory[] {
    return [...this.#refs.values()]
  }

  get jobs(): readonly JobStory[] {
    return [...this.#jobs.values()]
  }

  /** The jobs that ran for a ref: one, if all is well. */
  jobsOf(story: RefStory): JobStory[] {
    return [...new Set(story.starts.map(({ jobId }) => jobId))].map((jobId) => this.#job(jobId))
  }

  /** Whether a process has ended by itself. */
  hasLeft(by: string): boolean {
    return this.#byes.has(by)
  }

  /** When something was broken; a fault that was never over lasts. */
  get disturbances(): Disturbance[] {
    const begun = this.#faults.filter(({ phase }) => phase === 'begins')
    return begun.map(({ what, at }) => {
      const over = this.#faults.find((fault) => fault.phase === 'over' && fault.what === what && fault.at >= at)
      return { from: at, to: over?.at ?? Number.POSITIVE_INFINITY }
    })
  }

  #file(event: Event, results: ReadonlyMap<string, EventOf<'result'>>): void {
    switch (event.type) {
      case 'submit':
        return void this.#ref(event.ref).submits.push(event)
      case 'ack':
        return void this.#ref(event.ref).acks.push(event)
      case 'refusal':
        return void this.#ref(event.ref).refusals.push(event)
      case 'await':
        return void this.#ref(event.ref).waits.push({ begun: event, ended: results.get(`${event.nth} ${event.by}`) })
      case 'told':
        return void this.#ref(event.ref).tolds.push(event)
      case 'start':
        this.#job(event.jobId).starts.push(event)
        return void this.#ref(event.ref).starts.push(event)
      case 'claim':
        return void this.#job(event.jobId).claims.push(event)
      case 'settle':
        return void this.#job(event.jobId).settles.push(event)
      case 'verdict':
        return void this.#job(event.jobId).verdicts.push(event)
      case 'end':
        this.#ref(event.ref).end = event
        return
      case 'fault':
        return void this.#faults.push(event)
      case 'bye':
        return void this.#byes.add(event.by)
      case 'lost':
        return void this.#job(event.jobId).losses.push(event)
      case 'result':
        return
      default:
        event satisfies never
    }
  }

  #ref(ref: string): RefStory {
    const known = this.#refs.get(ref)
    if (known) return known
    const story: RefStory = { ref, submits: [], acks: [], refusals: [], starts: [], tolds: [], waits: [], end: undefined }
    this.#refs.set(ref, story)
    return story
  }

  #job(jobId: string): JobStory {
    const known = this.#jobs.get(jobId)
    if (known) return known
    const story: JobStory = { jobId, claims: [], starts: [], settles: [], verdicts: [], losses: [] }
    this.#jobs.set(jobId, story)
    return story
  }
}
