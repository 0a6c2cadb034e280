import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { anchorlegIn, compare, type Place } from './compare.js'
import type { Finding } from './finding.js'
import type { Line } from './lines.js'
import type { Spread } from './measure.js'
import { withSpread } from './report.js'
import type { ComparisonName } from './scenarios.js'
import { figure } from './table.js'
import type { Verdict } from './verdict.js'

/** Of one load: jobs a second as multiples of both socket.io relays', and CPU by job as a multiple of the one-way relay's. */
interface Ratios {
  readonly rate: number
  readonly rateBesideAcks: number
  readonly cpu: number
}

/** What is expected by scenario and jobs outstanding, and which share of it may be missing, or more: machines differ, and are busy. */
export interface Expected {
  readonly margins: { readonly rate: number; readonly cpu: number }
  readonly scenarios: Readonly<Partial<Record<ComparisonName, Readonly<Record<string, Ratios>>>>>
}

/** Checked in beside the sources; nobody compiles it. */
const file = new URL('../../bench/expectedRatios.json', import.meta.url)

/** Measures what is expected beside the relays, by turns, and judges it. One job alone is left out: there the disk decides. */
export async function runGate(place: Place): Promise<Finding> {
  const expected = JSON.parse(readFileSync(file, 'utf8')) as Expected
  const findings: (Finding & { readonly scenario: string })[] = []
  for (const [scenario, loads] of Object.entries(expected.scenarios) as [ComparisonName, Readonly<Record<string, Ratios>>][]) {
    const folder = join(place.folder, scenario)
    mkdirSync(folder)
    const said = { outstanding: Object.keys(loads).map(Number), slots: [2_000] }
    const options = { ...place.options, systems: ['relay', 'relay-acked', 'anchorleg'] as const, said }
    const { text, figures } = await compare(scenario, { ...place, folder, options })
    const verdicts = judge(scenario, { lines: figures.lines, system: anchorlegIn(options).name, expected })
    findings.push({ scenario, text, figures, verdicts })
  }
  return {
    text: findings.map(({ text }) => text).join('\n\n'),
    figures: { scenarios: findings.map(({ scenario, figures }) => ({ scenario, ...figures })) },
    verdicts: findings.flatMap(({ verdicts }) => verdicts),
  }
}

interface Judged {
  readonly lines: readonly Line[]
  readonly system: string
  readonly expected: Expected
}

/** Whether the medians of a system's ratios are as expected, less the margins. A load that was not measured fails. */
export function judge(scenario: ComparisonName, { lines, system, expected: { margins, scenarios } }: Judged): Verdict[] {
  return Object.entries(scenarios[scenario] ?? {}).flatMap(([outstanding, { rate, rateBesideAcks, cpu }]) => {
    const line = lines.find((each) => each.system === system && each.outstanding === Number(outstanding))
    const verdict = (what: string, got: Spread | undefined, bound: string, holds: (median: number) => boolean): Verdict => ({
      claim: `${scenario}, ${Number(outstanding).toLocaleString('en-US')} outstanding: ${bound} × ${what}`,
      measured: got ? withSpread(got) : 'nothing',
      holds: got !== undefined && holds(got.median),
    })
    const least = (share: number) => share * (1 - margins.rate)
    const most = cpu * (1 + margins.cpu)
    const atLeast = (share: number) => `at least ${figure(least(share))}`
    return [
      verdict('the rate of the relay', line?.timesRelay, atLeast(rate), (median) => median >= least(rate)),
      verdict('the rate of the relay with acks', line?.timesRelayAcked, atLeast(rateBesideAcks), (median) => median >= least(rateBesideAcks)),
      verdict('the CPU of the relay', line?.cpuTimesRelay, `at most ${figure(most)}`, (median) => median <= most),
    ]
  })
}
