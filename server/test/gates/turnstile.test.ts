import { connect, type Socket } from 'node:net'
import { mintRef } from '@anchorleg/shared'
import { describe, expect, onTestFinished, test } from 'vitest'
import { auth, hubFor, WirePeer } from './wirePeer.js'

const job = (fields: object = {}) => ({ ref: mintRef(), name: 'double', codec: 'd6', args: '[1]', ...fields })
const looks = { refs: [{ ref: mintRef(), want: 'any' }] }

describe('cut at once, while others notice nothing, is who sends', () => {
  test.each<[string, string | Buffer]>([
    ['bytes', Buffer.from('42/client,1["look",{}]')],
    ['a packet with attachments, which would wait for them', '451-/client,1["look",{"_placeholder":true,"num":0}]'],
    ['an event of Node’s own', '42/client,1["error",{}]'],
    ['an event of Socket.IO’s own', '42/client,1["disconnect",{}]'],
    ['an event with more arguments than a call takes', `42/client,1["look"${',0'.repeat(150_000)}]`],
    ['an acknowledgement with more arguments than a call takes', `43/client,0[0${',0'.repeat(150_000)}]`],
    ['a message without an acknowledgement', `42/client,["look",${JSON.stringify(looks)}]`],
    ['a namespace joined twice', `40/client,${auth}`],
    ['an Engine.IO ping, which only a hub sends', '2'],
    ['no Engine.IO packet', 'x'],
    ['a Socket.IO packet of no known type', '49/client,{}'],
    ['a larger frame than there may be', 'x'.repeat(200_000)],
  ])('%s', async (_, packet) => {
    const hub = await hubFor({ argsLimit: 1_024, resultLimit: 1_024 })
    const [rude, other] = [await WirePeer.join(hub), await WirePeer.join(hub)]
    rude.say(packet)
    await rude.closed
    expect(await other.ask('submit', { jobs: [job()] })).toHaveProperty('ok')
  })

  test('two requests for one namespace in one breath', async () => {
    const peer = WirePeer.open(await hubFor())
    await peer.hears('0{')
    for (let i = 0; i < 2; i++) peer.say(`40/client,${auth}`)
    await peer.closed
  })

  test('one handshake after the other', async () => {
    const peer = WirePeer.open(await hubFor())
    await peer.hears('0{')
    for (let i = 0; i < 11; i++) peer.say('40/client,{"token":"guessed"}')
    await peer.closed
  })
})

test('one connection may join several namespaces, each once', async () => {
  const peer = await WirePeer.join(await hubFor())
  peer.say(`40/admin,${auth}`)
  await peer.hears('42/admin,["welcome"')
  expect(await peer.ask('queues', {}, '/admin')).toEqual({ ok: [] })
  expect(await peer.ask('look', looks)).toHaveProperty('ok')
})

test('an acknowledgement that nobody asked for changes nothing', async () => {
  const peer = await WirePeer.join(await hubFor())
  for (const id of [0, 7, 123_456_789]) peer.say(`43/client,${id}[{"ok":[]}]`)
  expect(await peer.ask('look', looks)).toHaveProperty('ok')
})

test.each(['submit', 'attach', 'look', 'detach', 'cancel', 'inspect', 'watch', 'unwatch'])(
  '%s, nested very deep, is refused as any other',
  async (event) => {
    const hub = await hubFor()
    const peer = await WirePeer.join(hub)
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    for (const [i, message] of [deep, `{"jobs":${deep},"refs":${deep},"watches":${deep},"cancels":${deep}}`].entries()) {
      peer.say(`42/client,90${i}["${event}",${message}]`)
      expect(await peer.hears(`43/client,90${i}`)).toContain('"code":"invalid_message"')
    }
  },
)

test('meta, nested very deep, refuses its job alone', async () => {
  const peer = await WirePeer.join(await hubFor())
  const [bad, good] = [job(), job()]
  const meta = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`
  peer.say(`42/client,901["submit",{"jobs":[${JSON.stringify(bad).slice(0, -1)},"meta":${meta}},${JSON.stringify(good)}]}]`)
  const answer = await peer.hears('43/client,901')
  expect(JSON.parse(answer.slice('43/client,901'.length))[0]).toMatchObject({
    ok: [
      { ref: bad.ref, refused: { code: 'invalid_job', issues: [{ path: ['meta'] }] } },
      { ref: good.ref, conflict: false },
    ],
  })
})

test('a job that is wrong in very many places is told of some of them', async () => {
  const peer = await WirePeer.join(await hubFor())
  const { ok } = await peer.ask('submit', { jobs: [job({ tags: Array.from({ length: 50_000 }, () => 0) })] })
  expect((ok as unknown as [{ refused: { issues: object[] } }])[0].refused.issues.length).toBeLessThanOrEqual(20)
})

describe('messages', () => {
  test('beyond the rate are read later, and all of them are answered', async () => {
    const hub = await hubFor({ messagesPerConnection: 1_000 })
    const [flood, other] = [await WirePeer.join(hub), await WirePeer.join(hub)]
    const begun = performance.now()
    const all = Promise.all(Array.from({ length: 8_000 }, () => flood.ask('look', looks)))
    expect(await other.ask('look', looks)).toHaveProperty('ok')
    const answers = await all
    expect(answers.every(({ ok }) => ok)).toBe(true)
    // 5,000 at once and the others at the rate, but for those that were read already when it was stopped.
    expect(performance.now() - begun).toBeGreaterThan(1_000)
  })

  test('far beyond it end the connection', async () => {
    const hub = await hubFor({ messagesPerConnection: 10 })
    const [flood, other] = [await WirePeer.join(hub), await WirePeer.join(hub)]
    for (let i = 0; i < 2_000; i++) flood.say('3')
    await flood.closed
    expect(await other.ask('look', looks)).toHaveProperty('ok')
  })

  test('also count as the WebSocket’s own pings', async () => {
    const hub = await hubFor({ messagesPerConnection: 10 })
    const flood = await WirePeer.join(hub)
    for (let i = 0; i < 2_000; i++) flood.line.ping()
    await flood.closed
    // Once, whatever else of it was on its way.
    expect(await (await fetch(`${hub.url}/metrics`)).text()).toContain('anchorleg_cut_connections_total 1\n')
  })

  test('that no SDK sends count more', async () => {
    const hub = await hubFor({ messagesPerConnection: 50 })
    const [rude, honest] = [await WirePeer.join(hub), await WirePeer.join(hub)]
    for (let i = 0; i < 100; i++) expect(await honest.ask('look', looks)).toHaveProperty('ok')
    for (let i = 0; i < 100; i++) rude.say(`42/client,${i}["nonsense",{}]`)
    await rude.closed
  })
})

describe('in its time', () => {
  const handshakeTimeout = 300

  test('a connection joins a namespace, or is cut', async () => {
    const hub = await hubFor({ handshakeTimeout })
    const joined = await WirePeer.join(hub)
    await WirePeer.open(hub).closed
    expect(await joined.ask('look', looks)).toHaveProperty('ok')
  })

  test('one that was refused does so too, and one that has left', async () => {
    const hub = await hubFor({ handshakeTimeout })
    const [refused, left] = [WirePeer.open(hub), await WirePeer.join(hub)]
    await refused.hears('0{')
    refused.say('40/client,{}')
    await refused.hears('44/client,')
    left.say('41/client,')
    await Promise.all([refused.closed, left.closed])
  })

  test.each([
    ['headers that dribble', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: '],
    ['nothing', ''],
    ['a body that never comes', 'POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n'],
  ])('%s: the line is closed', async (_, start) => {
    const { url } = await hubFor({ handshakeTimeout })
    await ended(send(url, start))
  })

  test('an upgrade that leads nowhere is closed at once', async () => {
    const { url } = await hubFor()
    await ended(send(url, 'GET /elsewhere HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'))
  })

  test('headers that are too large are refused', async () => {
    const { url } = await hubFor()
    const line = send(url, `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`)
    expect(await ended(line)).toContain('431')
  })
})

/** A line that never ends by itself. */
function send(url: string, text: string): Socket {
  const { hostname, port } = new URL(url)
  const line = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
  onTestFinished(() => void line.destroy())
  line.write(text)
  return line
}

/** Resolves with what came when the hub has ended a line. */
function ended(line: Socket): Promise<string> {
  let text = ''
  line.on('data', (data) => {
    text += data
  })
  return new Promise((resolve) => {
    line.on('error', () => resolve(text))
    line.on('end', () => resolve(text))
    line.on('close', () => resolve(text))
  })
}
