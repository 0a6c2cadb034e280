import type { Place } from '../compare.js'
import type { Finding } from '../finding.js'
import type { Measured } from '../programs/closedLoop.js'
import { type Column, figure, layOut } from '../table.js'
import type { Verdict } from '../verdict.js'
import { oneAtATime, startHouse } from './house.js'
import { metric } from './metric.js'
import { newStore } from './newStore.js'
import { StoreProgram } from './storeProgram.js'

/** How long round trips are measured with `--seconds` of 1: pruning goes on for minutes. */
const longer = 10
const mostDelayMs = 50

/** Round trips of one job at a time, on a hub that prunes or does not. */
export interface Pruning extends Measured {
  /** Jobs that were pruned meanwhile. */
  readonly pruned: number
}

/** One client with one job at a time, first on a hub for which nothing is old enough, then where it all is. */
export async function prune(place: Place, count: number): Promise<Finding> {
  const { folder, options, say } = place
  const address = newStore(folder)
  const store = await StoreProgram.open(address, options)
  say(`finishing ${count.toLocaleString('en-US')} jobs`)
  await store.fill(count)
  await store.finish(count)
  await store.close()
  const quiet = await measure(place, address, 86_400)
  const beside = await measure(place, address, 1)
  const rows = [
    ['none is pruned', ...cells(quiet)],
    ['they are pruned', ...cells(beside)],
  ]
  const text = `prune: round trips of one job at a time beside ${count.toLocaleString('en-US')} finished jobs\n\n${layOut(columns, rows, options)}`
  return { text, figures: { quiet, beside }, verdicts: undelayed({ quiet, beside }) }
}

const columns: readonly Column[] = ['while', 'round trips', 'p50 ms', 'p99 ms', 'longest ms', 'pruned', 'pruned/s'].map((heading, i) => ({
  heading,
  align: i === 0 ? 'left' : 'right',
}))

const cells = ({ jobs, seconds, p50, p99, longest, pruned }: Pruning) => [jobs, p50, p99, longest, pruned, pruned / seconds].map(figure)

async function measure(
  { folder, options: { profileFolder, firstWarmupMs, measureMs } }: Place,
  address: string,
  retention: number,
): Promise<Pruning> {
  const flags = ['--retention', String(retention)]
  const house = await startHouse({ folder, profileFolder }, address, { flags, worker: { queues: { default: 10 } } })
  const prunedSoFar = () => metric(house.url, 'anchorleg_jobs_pruned_total')
  await oneAtATime(house, firstWarmupMs)
  const before = await prunedSoFar()
  const measured = await oneAtATime(house, longer * measureMs)
  const pruned = (await prunedSoFar()) - before
  await house.stop()
  return { ...measured, pruned }
}

/** Whether no round trip beside the pruning took so much longer than quiet ones do, or than the longest of those: disks have moods. */
export function undelayed({ quiet, beside }: { quiet: Pruning; beside: Pruning }): Verdict[] {
  const delay = beside.longest - quiet.p50
  const measured = `${figure(delay)} ms; the longest beside none ${figure(quiet.longest - quiet.p50)} ms`
  const holds = delay <= Math.max(mostDelayMs, quiet.longest - quiet.p50)
  return [
    { claim: `pruning delays no round trip by more than ${mostDelayMs} ms over the quiet median`, measured, holds },
    { claim: 'meanwhile jobs were pruned', measured: figure(beside.pruned), holds: beside.pruned > 0 },
  ]
}
