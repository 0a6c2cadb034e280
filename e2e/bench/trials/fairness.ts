import { randomBytes } from 'node:crypto'
import { mintToken } from '@anchorleg/server'
import type { Place } from '../compare.js'
import type { Finding } from '../finding.js'
import { spreadOf } from '../measure.js'
import type { Measured } from '../programs/closedLoop.js'
import { withSpread } from '../report.js'
import { rotated } from '../rounds.js'
import { type Column, layOut } from '../table.js'
import type { Verdict } from '../verdict.js'
import { oneAtATime, startHouse } from './house.js'
import { newStore } from './newStore.js'
import { StoreProgram } from './storeProgram.js'

/** How long round trips are measured with `--seconds` of 1: a p99 takes many of them. */
const longer = 5
/** How long the work of a job takes, in ms, and how many of them run at once. */
const workMs = 20
const slots = 10
const mostTimes = 2

const columns: readonly Column[] = ['while', 'round trips', 'p50 ms', 'p99 ms', 'longest ms'].map((heading, i) => ({
  heading,
  align: i === 0 ? 'left' : 'right',
}))

/** Round trips of one tenant's jobs, one at a time, on a hub where another tenant's jobs wait, and on one where none do. */
export async function fairness(place: Place, count: number): Promise<Finding> {
  const { options, say } = place
  const found = { alone: [] as Measured[], beside: [] as Measured[] }
  for (let round = 1; round <= options.rounds; round++) {
    for (const [which, waiting] of rotated([['alone', 0] as const, ['beside', count] as const], round)) {
      say(`round ${round} of ${options.rounds}: ${waiting.toLocaleString('en-US')} jobs of another tenant wait`)
      found[which].push(await measure(place, `${round}-${which}`, waiting))
    }
  }
  const rows = [
    ['no other tenant has jobs', ...cells(found.alone)],
    [`${count.toLocaleString('en-US')} jobs of another wait`, ...cells(found.beside)],
  ]
  const told = `fairness: one tenant’s round trips, one at a time, of jobs that take ${workMs} ms, on ${slots} slots`
  return { text: `${told}\n\n${layOut(columns, rows, options)}`, figures: found, verdicts: [fair(found, count)] }
}

/** Whether the waiting jobs leave the other tenant's p99 within its bound, by the median over rounds. */
export function fair({ alone, beside }: Readonly<Record<'alone' | 'beside', readonly Measured[]>>, count: number): Verdict {
  const times = spreadOf(beside.map(({ p99 }, round) => p99 / (alone[round]?.p99 ?? Number.NaN)))
  const claim = `${count.toLocaleString('en-US')} waiting jobs of one tenant leave another’s p99 within ${mostTimes} × its quiet value`
  return { claim, measured: withSpread(times), holds: times.median <= mostTimes }
}

const cells = (rounds: readonly Measured[]) =>
  (['jobs', 'p50', 'p99', 'longest'] as const).map((each) => withSpread(spreadOf(rounds.map((round) => round[each]))))

async function measure({ folder, options }: Place, name: string, waiting: number): Promise<Measured> {
  const { profileFolder, firstWarmupMs, measureMs } = options
  const [address, secret] = [newStore(folder, name), randomBytes(24).toString('hex')]
  if (waiting > 0) {
    const store = await StoreProgram.open(address, options)
    await store.fill(waiting, { tenant: 'flood' })
    await store.close()
  }
  const house = await startHouse({ folder, profileFolder }, address, {
    flags: ['--secret', secret],
    worker: { queues: { default: slots }, workMs, token: await mintToken(secret, { role: 'worker' }) },
    client: { token: await mintToken(secret, { role: 'client', tenant: 'other' }) },
  })
  await oneAtATime(house, firstWarmupMs)
  const measured = await oneAtATime(house, longer * measureMs)
  await house.stop()
  return measured
}
