import type { Line } from './lines.js'
import type { Spread } from './measure.js'
import type { BenchOptions } from './options.js'
import { withSpread } from './report.js'
import type { ComparisonName } from './scenarios.js'
import type { Verdict } from './verdict.js'

/** What stored round trips are to reach beside its peers in one run. */
interface Target {
  readonly scenario: ComparisonName
  readonly outstanding: number
  readonly of: (line: Line) => Spread
  readonly unit: string
  readonly atLeast?: number
  readonly atMost?: number
}

const relayRate = {
  scenario: 'round-trips',
  of: ({ timesRelay }) => timesRelay,
  unit: '× the rate of the unstored socket.io relay',
} as const satisfies Partial<Target>
const bullmqRate = {
  scenario: 'round-trips',
  of: ({ timesBullmq }) => timesBullmq,
  unit: '× the rate of BullMQ always',
} as const satisfies Partial<Target>

const targets: Readonly<Record<BenchOptions['store'], readonly Target[]>> = {
  sqlite: [
    { ...relayRate, outstanding: 1_000, atLeast: 1.5 },
    { ...bullmqRate, outstanding: 1_000, atLeast: 6 },
    { ...relayRate, outstanding: 64, atLeast: 1 },
    {
      scenario: 'round-trips',
      outstanding: 1,
      of: ({ p50TimesBullmq }) => p50TimesBullmq,
      unit: '× the median latency of BullMQ always',
      atMost: 0.6,
    },
    { scenario: 'await-many', outstanding: 10_000, of: ({ rate }) => rate, unit: 'jobs/s', atLeast: 25_000 },
  ],
  postgres: [
    { ...relayRate, outstanding: 1_000, atLeast: 0.7 },
    { ...bullmqRate, outstanding: 1_000, atLeast: 3 },
  ],
}

/** Whether a system on this store reaches what is aimed at, by its medians; of targets whose peer was left out there is no verdict. */
export function targetsOf(scenario: ComparisonName, lines: readonly Line[], system: string, store: BenchOptions['store']): Verdict[] {
  const own = lines.filter((line) => line.system === system)
  const mostSlots = Math.max(...own.map(({ slots }) => slots ?? 0))
  return targets[store].flatMap(({ outstanding, of, unit, atLeast, atMost, ...target }) => {
    const line = own.find((each) => each.outstanding === outstanding && each.slots === mostSlots)
    if (target.scenario !== scenario || !line || Number.isNaN(of(line).median)) return []
    const { median } = of(line)
    const bound = atLeast === undefined ? `at most ${atMost?.toLocaleString('en-US')}` : `at least ${atLeast.toLocaleString('en-US')}`
    const claim = `${outstanding.toLocaleString('en-US')} outstanding: ${bound} ${unit}`
    const holds = median >= (atLeast ?? Number.NEGATIVE_INFINITY) && median <= (atMost ?? Number.POSITIVE_INFINITY)
    return [{ claim, measured: withSpread(of(line)), holds }]
  })
}
