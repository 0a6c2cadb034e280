import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { mintRef, protocol } from '@anchorleg/shared'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createHub } from '#server/index.js'
import { rawPeer } from './rawPeer.js'
import { temporaryFolder } from './store/temporaryFolder.js'

/** A hub on a file, and a worker that was sent one job and has not acknowledged it. */
async function sendOne(store: string) {
  const hub = await createHub({ store, port: 0, logLevel: 'silent' }).listen()
  const [client, worker] = [await rawPeer(hub, '/client'), await rawPeer(hub, '/worker')]
  const sent = new Promise<() => void>((resolve) => worker.once('perform', (_, acknowledge) => resolve(acknowledge)))
  await worker.emitWithAck('register', { names: ['stopped'], queues: { default: 1 }, held: [] })
  const ref = mintRef()
  await client.emitWithAck('submit', { jobs: [{ ref, name: 'stopped', codec: 'd6', args: '[1]' }] })
  return { hub, ref, acknowledge: await sent }
}

/** Where a job stands once its hub has started again. */
async function inspectLater(store: string, ref: string) {
  const hub = await createHub({ store, port: 0, logLevel: 'silent' }).listen()
  const client = await rawPeer(hub, '/client')
  const { ok } = await client.emitWithAck('inspect', { refs: [ref] })
  await hub.close()
  return ok[0]
}

test('a hub stops although a peer says nothing, and another does not answer its goodbye', async () => {
  const hub = await createHub({ store: 'memory:', port: 0, logLevel: 'silent', drainTimeout: 500 }).listen()
  const silent = connect(Number(new URL(hub.url).port), '127.0.0.1')
  silent.on('error', () => {})
  await once(silent, 'connect')
  const frozen = new WebSocket(`${hub.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
  frozen.on('error', () => {})
  await once(frozen, 'message')
  frozen.send(`40/client,${JSON.stringify({ protocol, sdk: 'test' })}`)
  await once(frozen, 'message')
  frozen.pause()
  await hub.close()
  await expect(fetch(`${hub.url}/healthz`)).rejects.toThrow()
  silent.destroy()
  frozen.terminate()
})

test('closing twice is closing once', async () => {
  const hub = await createHub({ store: 'memory:', port: 0, logLevel: 'silent' }).listen()
  await Promise.all([hub.close(), hub.close()])
  await hub.close()
})

test('a hub that stops says that it drains until the jobs it has sent are acknowledged; they stay with their workers', async () => {
  const store = `sqlite:${join(temporaryFolder(), 'hub.db')}`
  const { hub, ref, acknowledge } = await sendOne(store)
  const ready = async () => {
    const response = await fetch(`${hub.url}/readyz`)
    return [response.status, (await response.text()).trim()]
  }
  expect(await ready()).toEqual([200, 'ready'])
  const closed = hub.close()
  expect(await ready()).toEqual([503, 'draining'])
  expect((await fetch(`${hub.url}/healthz`)).status).toBe(200)
  acknowledge()
  await closed
  expect(await inspectLater(store, ref)).toMatchObject({ state: 'executing', attempt: 1 })
})

test('jobs that are not acknowledged when a hub stops are given back before it ends', async () => {
  const store = `sqlite:${join(temporaryFolder(), 'hub.db')}`
  const { hub, ref } = await sendOne(store)
  await hub.close()
  expect(await inspectLater(store, ref)).toMatchObject({ state: 'available', attempt: 0, errors: [] })
})
