import { Actor } from '../actor.js'
import type { Place } from '../compare.js'
import { timeDurableWrites } from '../disk.js'
import type { Finding } from '../finding.js'
import { startHub } from '../systems/anchorleg.js'
import { type Column, figure, layOut } from '../table.js'
import { type Marks, tripRooms } from '../tripRooms.js'
import { newStore } from './newStore.js'

const columns: readonly Column[] = [
  { heading: 'room', align: 'left' },
  { heading: 'µs, median', align: 'right' },
  { heading: 'share', align: 'right' },
]

const diskMs = 400

/** Where the time of one job goes that is alone: marks that the processes take as it passes, without a word in the hub's own code. */
export async function trace({ folder, options }: Place, count: number): Promise<Finding> {
  const disk = timeDurableWrites(folder, diskMs)
  const { hub, url } = await startHub('traced hub', newStore(folder), { folder, profileFolder: options.profileFolder }, { preload: 'hubMarks.js' })
  const worker = Actor.start('traced worker', 'traceWorker.js', options)
  const client = Actor.start('traced client', 'traceClient.js', options)
  for (const actor of [worker, client]) await actor.ask('open', { url })
  // By the second time its code is compiled.
  await client.ask('trips', { count }, longMs)
  await marksOf({ hub, worker, client })
  await client.ask('trips', { count }, longMs)
  const found = tripRooms(await marksOf({ hub, worker, client }))
  for (const actor of [client, worker]) await actor.end()
  await hub.program.stop('SIGTERM')
  const rows = found.rooms.map(({ name, micros }) => [name, figure(micros), `${figure((100 * micros) / found.whole)} %`])
  const sum = found.rooms.reduce((all, { micros }) => all + micros, 0)
  const told = `trace: one round trip of a job alone takes ${figure(found.whole)} µs (median of ${found.trips}); its rooms' medians make ${figure(sum)} µs.`
  const write = `One durable write of this disk takes ${figure(1000 * disk.p50)} µs; a job has two, the first of them while it is on its way to the worker and back.`
  return { text: `${told} ${write}\n\n${layOut(columns, rows, options)}`, figures: { ...found, disk }, verdicts: [] }
}

const longMs = 600_000

async function marksOf({ hub, worker, client }: Readonly<Record<'hub' | 'worker' | 'client', Actor>>): Promise<Marks> {
  const house = await hub.ask<Pick<Marks, 'hub' | 'store'>>('marks')
  return { ...house, worker: await worker.ask('marks'), client: await client.ask('marks') }
}
