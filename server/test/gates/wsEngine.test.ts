import { once } from 'node:events'
import { expect, it, onTestFinished, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createHub } from '#server/index.js'

it('a hub reads WebSockets with the ws of its own dependencies, not with the older one that engine.io brings', async () => {
  const upgrades = vi.spyOn(WebSocketServer.prototype, 'handleUpgrade')
  onTestFinished(() => upgrades.mockRestore())
  await using hub = await createHub({ store: 'memory:', port: 0, logLevel: 'silent' }).listen()
  const peer = new WebSocket(`${hub.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
  onTestFinished(() => peer.terminate())
  await once(peer, 'message')
  expect(upgrades).toHaveBeenCalledTimes(1)
})
