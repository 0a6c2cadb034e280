import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { afterEach, expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { Socket, type SocketListener } from '#client/socket.js'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

/** A socket to this port, and what it tells, in order. */
function openSocket(port: number, own: Partial<SocketListener> = {}) {
  const told: unknown[] = []
  let wake = () => {}
  const note = (line: unknown) => {
    told.push(line)
    wake()
  }
  const socket = new Socket(`http://127.0.0.1:${port}/socket.io/`, '/client', {
    opened: () => note('opened'),
    refused: (message, data) => note({ refused: message, data }),
    heard: (event, message) => note({ event, message }),
    closed: (reason) => note({ closed: reason }),
    ...own,
  })
  cleanups.push(() => socket.close())
  const after = async (count: number) => {
    while (told.length < count) await new Promise<void>((resolve) => (wake = resolve))
    return told
  }
  return { socket, told, after }
}

/** A server that sends what a test says, byte for byte. */
async function rawHub() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  cleanups.push(() => server.close())
  const line = once(server, 'connection').then(([line]) => line as WebSocket)
  return { port: (server.address() as AddressInfo).port, line }
}

const open = (pingInterval = 25_000, pingTimeout = 20_000) =>
  `0${JSON.stringify({ sid: 'x', upgrades: [], pingInterval, pingTimeout, maxPayload: 1e6 })}`

test('a socket answers the pings of a real Socket.IO server, and so stays open', async () => {
  const server = new Server(0, { transports: ['websocket'], pingInterval: 40, pingTimeout: 1_000 })
  cleanups.push(() => server.close())
  server.of('/client').on('connection', (peer) => {
    let pongs = 0
    peer.conn.on('heartbeat', () => ++pongs === 3 && peer.emit('alive', pongs))
  })
  const { port } = (server as unknown as { httpServer: { address(): AddressInfo } }).httpServer.address()
  const { socket, after } = openSocket(port, { opened: () => socket.join({}) })
  expect(await after(1)).toEqual([{ event: 'alive', message: 3 }])
})

test('a hub that falls silent closes the socket', async () => {
  const { port, line } = await rawHub()
  const { after } = openSocket(port)
  ;(await line).send(open(20, 20))
  expect(await after(2)).toEqual(['opened', { closed: 'the hub went silent' }])
})

test('a real Socket.IO server learns that what it said was heard, when and only when that is acknowledged', async () => {
  const server = new Server(0, { transports: ['websocket'] })
  cleanups.push(() => server.close())
  const acknowledged: string[] = []
  server.of('/client').on('connection', async (peer) => {
    peer.emit('unheard', [1], () => acknowledged.push('unheard'))
    expect(await peer.emitWithAck('heard', { a: 1 })).toBeUndefined()
    acknowledged.push('heard')
    peer.emit('done', acknowledged)
  })
  const { port } = (server as unknown as { httpServer: { address(): AddressInfo } }).httpServer.address()
  const told: unknown[] = []
  await new Promise<void>((resolve) => {
    const { socket } = openSocket(port, {
      opened: () => socket.join({}),
      heard: (event, message, acknowledge) => {
        told.push([event, message])
        if (event === 'heard') acknowledge()
        if (event === 'done') resolve()
      },
    })
  })
  expect(told).toEqual([
    ['unheard', [1]],
    ['heard', { a: 1 }],
    ['done', ['heard']],
  ])
})

test('to acknowledge what nobody asked to have acknowledged says nothing', async () => {
  const { port, line } = await rawHub()
  const { socket } = openSocket(port, {
    heard: (event, _message, acknowledge) => {
      acknowledge()
      if (event === 'last') void socket.ask('said', 1, 5_000)
    },
  })
  const peer = await line
  const packets: string[] = []
  const said = new Promise<void>((resolve) => {
    peer.on('message', (data) => {
      packets.push(String(data))
      if (packets.at(-1)?.includes('said')) resolve()
    })
  })
  for (const packet of [open(), '42/client,["unasked",1]', '42/client,17["asked",1]', '42/client,["last",1]']) peer.send(packet)
  await said
  expect(packets).toEqual(['43/client,17[]', '42/client,0["said",1]'])
})

test('a socket joins its namespace and hears nothing of others', async () => {
  const { port, line } = await rawHub()
  const { socket, after } = openSocket(port, { opened: () => socket.join({ token: 'x' }) })
  const peer = await line
  const sent = once(peer, 'message')
  peer.send(open())
  expect(String((await sent)[0])).toBe('40/client,{"token":"x"}')
  for (const packet of ['40/client,{"sid":"y"}', '42["root",1]', '42/admin,["other",1]', '6', '42/client,["mine",{"a":[1]}]']) peer.send(packet)
  expect(await after(1)).toEqual([{ event: 'mine', message: { a: [1] } }])
})

test('answers find their questions in any order, and one that comes late finds none', async () => {
  const { port, line } = await rawHub()
  const { socket, after } = openSocket(port)
  const peer = await line
  peer.send(open())
  await after(1)
  const [first, second, late] = [socket.ask('a', { n: 1 }, 5_000), socket.ask('b', 'two', 5_000), socket.ask('c', 3, 10)]
  expect(await late).toEqual({ lost: 'late' })
  peer.send('43/client,2["late"]')
  peer.send('43/client,1["to b"]')
  peer.send('43/client,0[{"to":"a"}]')
  expect([await first, await second]).toEqual([{ to: 'a' }, 'to b'])
})

test.each([
  ['a broken packet', '42/client,["x"', /cannot be read/],
  ['a broken opening', '0{', /cannot be read/],
  ['an event that is none', '42/client,', /cannot be read/],
  ['a binary packet', Buffer.from([1, 2]), /a binary packet/],
  ['the end of the line', '1', /closed the line/],
  ['the end of the connection', '41/client,', /closed the connection/],
])('%s closes the socket, with what was asked of it', async (_, packet, reason) => {
  const { port, line } = await rawHub()
  const { socket, after } = openSocket(port)
  const peer = await line
  peer.send(open())
  await after(1)
  const asked = socket.ask('a', 1, 5_000)
  peer.send(packet)
  expect(await after(2)).toEqual(['opened', { closed: expect.stringMatching(reason) }])
  expect(await asked).toEqual({ lost: 'disconnected' })
  expect(await socket.ask('a', 1, 5_000)).toEqual({ lost: 'disconnected' })
})

test('a refusal is told with its data, and nothing after it', async () => {
  const { port, line } = await rawHub()
  const { after, told } = openSocket(port)
  const peer = await line
  peer.send('44/client,{"message":"No.","data":{"code":"forbidden"}}')
  expect(await after(1)).toEqual([{ refused: 'No.', data: { code: 'forbidden' } }])
  await once(peer, 'close')
  expect(told).toHaveLength(1)
})

test('a line that cannot be opened is told, and a socket closed here tells nothing', async () => {
  const { after } = openSocket(1)
  expect(await after(1)).toEqual([{ closed: expect.stringContaining('ECONNREFUSED') }])
  const { port, line } = await rawHub()
  const { socket, told } = openSocket(port)
  const peer = await line
  socket.close()
  socket.close()
  await once(peer, 'close')
  expect(told).toEqual([])
})
