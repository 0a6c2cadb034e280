import type { Place } from '../compare.js'
import type { Finding } from '../finding.js'
import { spreadOf } from '../measure.js'
import { withSpread } from '../report.js'
import { rotated } from '../rounds.js'
import { type Column, layOut } from '../table.js'
import type { Verdict } from '../verdict.js'
import { newStore } from './newStore.js'
import { type StepRates, StoreProgram } from './storeProgram.js'

/** Where the waiting jobs are. */
const backlogs = ['none', 'waiting before it', 'for a job or queue that nobody serves'] as const
type Backlog = (typeof backlogs)[number]

const steps = ['insert', 'claim', 'settle', 'dispatch'] as const satisfies readonly (keyof StepRates)[]

const columns: readonly Column[] = [
  { heading: 'backlog', align: 'left' },
  ...steps.map((step): Column => ({ heading: `${step}/s`, align: 'right' })),
  ...steps.map((step): Column => ({ heading: `${step}, × none`, align: 'right' })),
]

/** New jobs of one measurement, after as many to warm up. */
const jobs = 4_000
/** Short measurements, so many in a round, taken by turns: the moods of the machine and its disk then fall on all alike. */
const turnsByRound = 8
const least = 0.9

/** Rates of the store's steps beside a large backlog and beside none, by turns in one run. */
export async function backlog({ folder, options, say }: Place, count: number): Promise<Finding> {
  const stores = new Map<Backlog, StoreProgram>()
  for (const [i, backlog] of backlogs.entries()) {
    say(`backlog: ${backlog}`)
    const store = await StoreProgram.open(newStore(folder, String(i)), options)
    if (backlog === 'waiting before it') await store.fill(count)
    if (backlog === 'for a job or queue that nobody serves') {
      await store.fill(count / 2, { name: 'unserved' })
      await store.fill(count / 2, { queue: 'unserved' })
    }
    await store.rates(jobs)
    stores.set(backlog, store)
  }
  const rates = new Map<Backlog, StepRates[]>(backlogs.map((backlog) => [backlog, []]))
  for (let turn = 0; turn < turnsByRound * options.rounds; turn++) {
    for (const [backlog, store] of rotated([...stores], turn)) rates.get(backlog)?.push(await store.rates(jobs))
  }
  for (const store of stores.values()) await store.close()
  const told = `backlog: steps of the store, jobs a second in batches of 500, beside ${count.toLocaleString('en-US')} waiting jobs and beside none`
  return { text: `${told}\n\n${tableOf(rates, options)}`, figures: Object.fromEntries(rates), verdicts: verdictsOf(rates, count) }
}

type Rates = ReadonlyMap<string, readonly StepRates[]>

/** The rate of a step as a multiple of the one beside no backlog in the same turn. */
const ratio = (rates: Rates, backlog: string, step: keyof StepRates) =>
  spreadOf((rates.get(backlog) ?? []).map((each, turn) => each[step] / (rates.get('none')?.[turn]?.[step] ?? Number.NaN)))

/** Whether each step is nearly as fast beside each backlog as beside none, by the median over turns. */
export function verdictsOf(rates: Rates, count: number): Verdict[] {
  const beside = [...rates.keys()].filter((backlog) => backlog !== 'none')
  return beside.flatMap((backlog) =>
    steps.map((step) => {
      const times = ratio(rates, backlog, step)
      const claim = `${step} beside ${count.toLocaleString('en-US')} jobs ${backlog}: at least ${least} × the rate beside none`
      return { claim, measured: withSpread(times), holds: times.median >= least }
    }),
  )
}

function tableOf(rates: Rates, options: { markdown: boolean }): string {
  const rows = [...rates].map(([backlog, turns]) => [
    backlog,
    ...steps.map((step) => withSpread(spreadOf(turns.map((each) => each[step])))),
    ...steps.map((step) => withSpread(ratio(rates, backlog, step))),
  ])
  return layOut(columns, rows, options)
}
