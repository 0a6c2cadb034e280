import { setTimeout as pause } from 'node:timers/promises'
import { Actor } from '../actor.js'
import type { Place } from '../compare.js'
import type { Finding } from '../finding.js'
import { residentMB } from '../memory.js'
import { startHub } from '../systems/anchorleg.js'
import { figure } from '../table.js'
import { newStore } from './newStore.js'

/** Connections of one load process: one alone could not hold them all. */
const byProcess = 2_500
const mostMB = 400
/** Memory is read every so many ms, while `--seconds` pass, and the most of it counts. */
const everyMs = 100

/** Connects many clients that do nothing, and reads the hub's memory. */
export async function idleClients({ folder, options: { profileFolder, measureMs }, say }: Place, count: number): Promise<Finding> {
  const setup = { folder, profileFolder }
  const { hub, url } = await startHub('hub', newStore(folder), setup)
  const before = residentMB(hub.program.pid)
  const loads: Actor[] = []
  const start = performance.now()
  for (let left = count; left > 0; left -= byProcess) {
    const load = Actor.start(`clients ${loads.length + 1}`, 'client.js', setup)
    loads.push(load)
    await load.ask('open', { url, connections: Math.min(byProcess, left) }, 120_000)
    say(`${(count - Math.max(0, left - byProcess)).toLocaleString('en-US')} connected`)
  }
  const connectedMs = performance.now() - start
  let most = residentMB(hub.program.pid)
  for (const until = performance.now() + measureMs; performance.now() < until; await pause(everyMs))
    most = Math.max(most, residentMB(hub.program.pid))
  for (const load of loads) await load.end()
  await hub.program.stop('SIGTERM')
  const kB = (1000 * (most - before)) / count
  const clients = `${count.toLocaleString('en-US')} idle clients`
  const text = `idle-clients: the hub took ${figure(before)} MB alone, ${figure(most)} MB with ${clients} (${figure(kB)} kB each), connected in ${figure(connectedMs / 1000)} s`
  const verdict = { claim: `${clients} in at most ${mostMB} MB`, measured: `${figure(most)} MB`, holds: most <= mostMB }
  return { text, figures: { before, most, kB, connectedMs }, verdicts: [verdict] }
}
