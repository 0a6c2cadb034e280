import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, it } from 'vitest'
import { freePort } from '../ports.mjs'

it('a taken port is named and the next free one is used', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const taken: number[] = []
  const free = await freePort(port, (one) => taken.push(one))
  expect(taken[0]).toBe(port)
  expect(free).toBe(port + taken.length)
  server.close()
  await once(server, 'close')
  expect(await freePort(port)).toBe(port)
})
