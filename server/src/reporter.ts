import { type Emission, type EmitVerdict, fits, Gathering, type ProgressReport, progressBytes } from '@anchorleg/shared'
import type { Notifier } from './notifier/notifier.js'
import type { Emitted, Store, Told } from './store/store.js'
import type { Watchers } from './watchers.js'

interface Call<Entry, Reply> {
  readonly entries: readonly Entry[]
  readonly resolve: (replies: Reply[]) => void
  readonly reject: (error: unknown) => void
}

/** Stores what running attempts report of themselves, and then tells their watchers: the latest progress, and chunks in order. */
export class Reporter {
  readonly #progress: Gathering<Call<ProgressReport, Told | null>>
  readonly #chunks: Gathering<Call<Emission, Emitted>>

  constructor(
    store: Store,
    private readonly watchers: Watchers,
    private readonly notifier: Notifier,
  ) {
    this.#progress = new Gathering((calls) => void together(calls, (reports) => store.progress(reports)))
    this.#chunks = new Gathering((calls) => void together(calls, (chunks) => store.emit(chunks)))
  }

  async progress(reports: readonly ProgressReport[]): Promise<('stored' | 'stale')[]> {
    const small = reports.filter(({ value }) => fits(value, progressBytes))
    const told = await gather(this.#progress, small)
    small.forEach(({ codec, value }, i) => {
      const whom = told[i]
      if (whom) this.watchers.report(whom, (ref) => ({ ref, type: 'progress', run: whom.run, attempt: whom.attempt, codec, value }))
    })
    this.#tellOthers(told)
    return reports.map((report) => (told[small.indexOf(report)] ? 'stored' : 'stale'))
  }

  async emit(emissions: readonly Emission[]): Promise<EmitVerdict[]> {
    const emitted = await gather(this.#chunks, emissions)
    emissions.forEach(({ index, codec, value }, i) => {
      const each = emitted[i]
      const whom = each?.verdict === 'stored' ? each.told : null
      if (whom) this.watchers.report(whom, (ref) => ({ ref, type: 'chunk', run: whom.run, attempt: whom.attempt, index, codec, value }))
    })
    this.#tellOthers(emitted.map((each) => (each.verdict === 'stored' ? each.told : null)))
    return emitted.map(({ verdict }) => verdict)
  }

  #tellOthers(told: readonly (Told | null)[]): void {
    const jobs = told.filter((each) => each !== null)
    if (jobs.length > 0) this.notifier.publish({ type: 'reports', jobs })
  }
}

function gather<Entry, Reply>(gathering: Gathering<Call<Entry, Reply>>, entries: readonly Entry[]): Promise<Reply[]> {
  if (entries.length === 0) return Promise.resolve([])
  return new Promise((resolve, reject) => gathering.add({ entries, resolve, reject }))
}

/** Makes one call of several, and gives each its own part of the answer. */
async function together<Entry, Reply>(calls: readonly Call<Entry, Reply>[], ask: (entries: Entry[]) => Promise<Reply[]>): Promise<void> {
  try {
    const replies = await ask(calls.flatMap(({ entries }) => entries))
    let next = 0
    for (const { entries, resolve } of calls) {
      resolve(replies.slice(next, next + entries.length))
      next += entries.length
    }
  } catch (error) {
    for (const { reject } of calls) reject(error)
  }
}
