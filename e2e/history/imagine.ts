import type { Event, Happening, Mark } from './event.js'

/** How one attempt of an imagined job goes. */
export type Fate = 'ok' | 'fails' | 'crashes' | 'crashes and settles late'

/** One imagined job, and those who await it. */
export interface Script {
  /** How its attempts go, in order; the last is `ok`. */
  readonly fates: readonly Fate[]
  /** How often it is submitted again, to no avail. */
  readonly resubmits: number
  readonly awaits: readonly { readonly want: 'any' | 'final'; readonly when: 'early' | 'late'; readonly timesOut: boolean }[]
}

/** A history in which all these jobs went as they must, each event one ms after the one before. */
export function imagine(scripts: readonly Script[]): Event[] {
  const tale = new Tale()
  scripts.forEach((script, i) => tale.tell(script, i))
  tale.add('caller', { type: 'bye' })
  return tale.events
}

class Tale {
  readonly events: Event[] = []
  #waits = 0

  add(by: string, happening: Happening): void {
    this.events.push({ at: this.events.length, by, ...happening })
  }

  tell(script: Script, i: number): void {
    const ref = `ref ${i}`
    const outcomes: Mark[] = []
    this.add('caller', { type: 'submit', ref })
    for (let n = 0; n < script.resubmits; n += 1) {
      this.add('caller', { type: 'refusal', ref, code: 'unreachable' })
      this.add('caller', { type: 'submit', ref })
    }
    this.add('caller', { type: 'ack', ref })
    const early = script.awaits.filter(({ when }) => when === 'early').map((wait) => this.#begin(ref, wait))
    script.fates.forEach((fate, n) => outcomes.push(this.#attempt({ ref, jobId: `${i + 1}`, attempt: n + 1 }, fate)))
    for (const end of early) end(outcomes)
    for (const wait of script.awaits.filter(({ when }) => when === 'late')) this.#begin(ref, wait)(outcomes)
    // Behind each that timed out.
    this.#begin(ref, { want: 'final', timesOut: false })(outcomes)
    this.add('test', { type: 'end', ref, standing: 'job', state: 'completed', outcomes })
  }

  #begin(ref: string, { want, timesOut }: Pick<Script['awaits'][number], 'want' | 'timesOut'>): (outcomes: readonly Mark[]) => void {
    const nth = this.#waits++
    this.add('caller', { type: 'await', nth, ref, want, timeout: 5_000 })
    return (outcomes) => {
      const outcome = (want === 'final' ? outcomes.at(-1) : outcomes[0]) as Mark
      if (timesOut) return this.add('caller', { type: 'result', nth, ref, given: { type: 'error', code: 'timeout' } })
      this.add('caller', { type: 'told', ref, outcome })
      const { type, code, print } = outcome
      this.add('caller', { type: 'result', nth, ref, given: { type, code, print } })
    }
  }

  #attempt({ ref, jobId, attempt }: { ref: string; jobId: string; attempt: number }, fate: Fate): Mark {
    const by = `worker ${attempt % 2}`
    const lease = `${jobId}/${attempt}`
    const crashes = fate !== 'ok' && fate !== 'fails'
    const print = `print ${lease}`
    this.add(by, { type: 'claim', jobId, lease, attempt })
    this.add(by, { type: 'start', jobId, ref, attempt })
    if (fate === 'crashes and settles late') this.add(by, { type: 'lost', jobId, lease })
    if (fate !== 'crashes') {
      this.add(by, { type: 'settle', jobId, lease, print })
      this.add(by, { type: 'verdict', jobId, lease, verdict: crashes ? 'stale' : 'settled' })
    }
    if (fate === 'ok') return { number: attempt, attempt, final: true, type: 'ok', print }
    const code = crashes ? 'crashed' : 'failed'
    return { number: attempt, attempt, final: false, type: 'error', code, print: crashes ? `crash ${lease}` : print }
  }
}
