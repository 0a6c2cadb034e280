import type { Actor } from '../actor.js'
import type { Place } from '../compare.js'
import type { Finding } from '../finding.js'
import { spreadOf } from '../measure.js'
import { residentMB } from '../memory.js'
import type { Measured } from '../programs/closedLoop.js'
import { rate } from '../systems/system.js'
import { type Column, figure, layOut } from '../table.js'
import type { Verdict } from '../verdict.js'
import { startHouse } from './house.js'
import { newStore } from './newStore.js'

/** Memory is read after each of so many equal parts; the first of them fill caches. */
const parts = 20
/** What the last quarter may take of what the second one took. */
const growth = 1.1
const outstanding = 1_000
const longMs = 1_800_000

/** One part: its rate in jobs a second, and what each process took at its end, in MB. */
export interface SoakPart {
  readonly rate: number
  readonly hub: number
  readonly worker: number
  readonly client: number
}

/** Runs many jobs through one hub, worker and client, and reads their memory on the way. */
export async function soak({ folder, options: { profileFolder }, say }: Place, count: number): Promise<Finding> {
  const house = await startHouse({ folder, profileFolder }, newStore(folder), { worker: { queues: { default: 2_000 } } })
  const { hub, worker, client } = house
  const found: SoakPart[] = []
  for (let part = 1; part <= parts; part++) {
    const load = { outstanding: Math.min(outstanding, count / parts), ms: longMs, maxJobs: Math.ceil(count / parts) }
    const measured = await client.ask<Measured>('load', load, longMs)
    const megabytes = (actor: Actor) => residentMB(actor.program.pid)
    found.push({ rate: rate(measured), hub: megabytes(hub), worker: megabytes(worker), client: megabytes(client) })
    say(`${((part * count) / parts).toLocaleString('en-US')} jobs, hub ${figure(found.at(-1)?.hub ?? Number.NaN)} MB`)
  }
  await house.stop()
  const rows = found.map((part, i) => [
    ((i + 1) * (count / parts)).toLocaleString('en-US'),
    ...[part.rate, part.hub, part.worker, part.client].map(figure),
  ])
  const text = `soak: memory over ${count.toLocaleString('en-US')} jobs, ${outstanding.toLocaleString('en-US')} outstanding\n\n${layOut(columns, rows)}`
  return { text, figures: { parts: found }, verdicts: flatness(found) }
}

const columns: readonly Column[] = ['after jobs', 'jobs/s', 'hub MB', 'worker MB', 'client MB'].map((heading) => ({ heading, align: 'right' }))

/** Whether each process took hardly more in the last quarter than in the second, by medians. */
export function flatness(found: readonly SoakPart[]): Verdict[] {
  const quarter = Math.ceil(found.length / 4)
  return (['hub', 'worker', 'client'] as const).map((who) => {
    const over = (some: readonly SoakPart[]) => spreadOf(some.map((part) => part[who])).median
    const [early, late] = [over(found.slice(quarter, 2 * quarter)), over(found.slice(-quarter))]
    const claim = `memory of the ${who}: its last quarter at most ${growth} × its second`
    return { claim, measured: `${figure(late)} MB after ${figure(early)} MB`, holds: late <= growth * early }
  })
}
