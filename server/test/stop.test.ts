import { once } from 'node:events'
import { connect } from 'node:net'
import { protocol } from '@anchorleg/shared'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createHub } from '#server/index.js'

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
