import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from '../../harness/freePort.js'
import { Actor } from '../actor.js'
import type { Place } from '../compare.js'
import type { Finding } from '../finding.js'
import { startHub } from '../systems/anchorleg.js'
import { figure } from '../table.js'
import { metric } from './metric.js'
import { newStore } from './newStore.js'

/** Awaits are spread over so many connections. */
const mostConnections = 100
const mostSeconds = 2
const patienceMs = 60_000

/** Kills a hub with many awaits pending, starts it again, and looks how soon all of them are pending there. */
export async function reattach({ folder, options: { profileFolder }, say }: Place, count: number): Promise<Finding> {
  const setup = { folder, profileFolder }
  const [address, port] = [newStore(folder), await freePort()]
  const first = await startHub('hub', address, setup, { port })
  const client = Actor.start('awaiting client', 'awaiter.js', setup)
  const worker = Actor.start('worker', 'worker.js', setup)
  await client.ask('open', { url: first.url, connections: Math.min(mostConnections, count) })
  await client.ask('begin', { count }, patienceMs)
  await untilAwaited(first.url, count)
  say('killing the hub')
  const killed = performance.now()
  await first.hub.program.stop('SIGKILL')
  const { hub, url } = await startHub('hub again', address, setup, { port })
  const listening = performance.now()
  await untilAwaited(url, count)
  const seconds = (performance.now() - listening) / 1000
  const downSeconds = (listening - killed) / 1000
  await worker.ask('open', { url, queues: { default: 2_000 } })
  const results = await client.ask<number>('results', null, patienceMs)
  await Promise.all([client.end(), worker.end()])
  await hub.program.stop('SIGTERM')
  const awaits = `${count.toLocaleString('en-US')} pending awaits`
  const text = `reattach: the hub was away for ${figure(downSeconds)} s; ${awaits} were there again ${figure(seconds)} s after it listened; ${results.toLocaleString('en-US')} got their results`
  const verdicts = [
    { claim: `${awaits} reattached within ${mostSeconds} s of a restart`, measured: `${figure(seconds)} s`, holds: seconds <= mostSeconds },
    { claim: 'all of them get their results', measured: results.toLocaleString('en-US'), holds: results === count },
  ]
  return { text, figures: { seconds, downSeconds, results }, verdicts }
}

async function untilAwaited(url: string, count: number): Promise<void> {
  const end = performance.now() + patienceMs
  while ((await metric(url, 'anchorleg_awaited_refs')) < count) {
    if (performance.now() > end) throw new Error(`expected ${count} refs to be awaited within ${patienceMs} ms`)
    await pause(20)
  }
}
