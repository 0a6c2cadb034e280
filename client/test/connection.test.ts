import { describe, expect, test, vi } from 'vitest'
import { type Client, connect, defineJob, type RelayError } from '#client/index.js'
import { allPending, limits, okOutcome, ScriptedHub, storeAll } from './support/scriptedHub.js'

const job = defineJob({ name: 'job' })
const ref = '01890a5d-ac96-774b-bcce-b302099a8057'

/** The next time a client tells of an event. */
const told = (client: Client, event: 'connect' | 'disconnect' | 'error') =>
  new Promise<RelayError | undefined>((resolve) => {
    const off = client.on(event, (error) => {
      off()
      resolve(error)
    })
  })

test('a client connects with its first use and not before', async () => {
  await using hub = await ScriptedHub.open({ submit: storeAll })
  await using client = connect(hub.url)
  await using other = connect(hub.url)
  await other.ready
  expect([client.status, hub.sockets.length]).toEqual(['idle', 1])
  await client.async(job.new())
  expect([client.status, hub.sockets.length]).toEqual(['connected', 2])
})

test('the handshake names the protocol, the release and the token', async () => {
  await using hub = await ScriptedHub.open()
  await using client = connect(new URL(hub.url), { token: 'secret' })
  await client.ready
  expect(hub.handshakes).toEqual([{ protocol: { min: 1, max: 1 }, sdk: expect.any(String), token: 'secret' }])
})

test('a token function is asked on every connection', async () => {
  await using hub = await ScriptedHub.open()
  let asked = 0
  await using client = connect(hub.url, { token: async () => `token ${++asked}` })
  await client.ready
  hub.cut()
  await hub.connection(2)
  expect(hub.handshakes.map(({ token }) => token)).toEqual(['token 1', 'token 2'])
})

test('a token function that fails is told, and asked again', async () => {
  await using hub = await ScriptedHub.open()
  let asked = 0
  const token = () => {
    if (++asked === 1) throw new Error('no session')
    return 'token'
  }
  await using client = connect(hub.url, { token })
  const failed = told(client, 'error')
  await client.ready
  expect(await failed).toMatchObject({ code: 'unreachable', message: 'The token function failed.', cause: { message: 'no session' } })
})

describe('a hub that says goodbye because the token has run out', () => {
  const goodbye = { code: 'unauthorized', message: 'The token has expired.' }

  test('is met again with another, where a function gives one, and with all that is awaited', async () => {
    await using hub = await ScriptedHub.open({ attach: allPending })
    let asked = 0
    await using client = connect(hub.url, { token: () => `token ${++asked}` })
    const awaited = client.await(client.attach(ref), Number.POSITIVE_INFINITY)
    await hub.nth('attach')
    hub.socket.emit('goodbye', goodbye)
    hub.socket.disconnect(true)
    expect((await hub.nth('attach', 2)).message).toMatchObject({ refs: [{ ref }] })
    hub.push({ ref, outcome: okOutcome(42) })
    expect(await awaited).toEqual({ type: 'ok', value: 42 })
    expect(hub.handshakes.map(({ token }) => token)).toEqual(['token 1', 'token 2'])
  })

  test('is met again until the function gives one that is accepted, which it may do a little late', async () => {
    await using hub = await ScriptedHub.open()
    let asked = 0
    await using client = connect(hub.url, { token: () => (++asked < 4 ? 'old' : 'new') })
    await client.ready
    Object.defineProperty(hub, 'refusal', { get: () => (hub.handshakes.at(-1)?.token === 'old' ? goodbye : undefined) })
    hub.socket.emit('goodbye', goodbye)
    await hub.connection(2)
    expect(hub.handshakes.map(({ token }) => token)).toEqual(['old', 'old', 'old', 'new'])
  })

  test('is left after some tries, where the function gives none that is accepted', async () => {
    await using hub = await ScriptedHub.open({ attach: allPending })
    await using client = connect(hub.url, { token: () => 'old' })
    const awaited = client.await(client.attach(ref), Number.POSITIVE_INFINITY)
    await hub.nth('attach')
    hub.refusal = goodbye
    hub.socket.emit('goodbye', goodbye)
    expect(await awaited).toEqual({ type: 'error', error: goodbye })
    expect([client.status, hub.handshakes.length]).toEqual(['refused', 7])
  })

  test('is left for good, where the token is a text', async () => {
    await using hub = await ScriptedHub.open({ attach: allPending })
    await using client = connect(hub.url, { token: 'the only one' })
    const awaited = client.await(client.attach(ref), Number.POSITIVE_INFINITY)
    await hub.nth('attach')
    hub.socket.emit('goodbye', goodbye)
    expect(await awaited).toEqual({ type: 'error', error: goodbye })
    await expect(client.async(job.new())).rejects.toMatchObject(goodbye)
    expect([client.status, hub.handshakes.length]).toEqual(['refused', 1])
  })
})

describe('of several hubs', () => {
  test('one that cannot be reached is passed over, and one that is lost left for the next, with what is awaited', async () => {
    await using gone = await ScriptedHub.open()
    const nowhere = gone.url
    await gone[Symbol.asyncDispose]()
    await using one = await ScriptedHub.open({ attach: allPending })
    await using two = await ScriptedHub.open({ attach: allPending })
    await using client = connect([nowhere, one.url, new URL(two.url)])
    void client.await(client.attach(ref), Number.POSITIVE_INFINITY)
    await client.ready
    const [first, second] = one.sockets.length > 0 ? [one, two] : [two, one]
    await first.nth('attach')
    first.cut()
    expect((await second.nth('attach')).message).toMatchObject({ refs: [{ ref }] })
    second.cut()
    await first.nth('attach', 2)
  })

  test('peers begin with different ones', async () => {
    await using one = await ScriptedHub.open()
    await using two = await ScriptedHub.open()
    for (let i = 0; i < 30; i++) {
      await using client = connect([one.url, two.url])
      await client.ready
    }
    expect(one.sockets.length).toBeGreaterThan(0)
    expect(two.sockets.length).toBeGreaterThan(0)
  })

  test('when all fail, the next round waits as after one', async () => {
    await using client = connect(['http://127.0.0.1:9', 'http://127.0.0.1:9'])
    let failed = 0
    client.on('error', () => void (failed += 1))
    void client.ready.catch(() => {})
    await vi.waitFor(() => expect(failed).toBeGreaterThanOrEqual(2))
    expect(failed).toBeLessThanOrEqual(4)
  })

  test('none is refused', () => {
    expect(() => connect([])).toThrow('url: expected one address at least, got none')
  })
})

test.each(['unauthorized', 'forbidden'] as const)('a handshake refused as %s ends the client, its submits and its awaits', async (code) => {
  await using hub = await ScriptedHub.open()
  hub.refusal = { code, message: 'Not you.' }
  await using client = connect(hub.url)
  const error = told(client, 'error')
  const submit = client.async(job.new())
  const wait = client.await(client.attach(ref), Number.POSITIVE_INFINITY)
  await expect(submit).rejects.toMatchObject({ code, message: 'Not you.' })
  expect(await wait).toEqual({ type: 'error', error: { code, message: 'Not you.' } })
  expect(await error).toMatchObject({ code })
  expect(client.status).toBe('refused')
  await expect(client.ready).rejects.toMatchObject({ code })
  await expect(client.async(job.new())).rejects.toMatchObject({ code })
  expect(await client.await(client.attach(ref))).toMatchObject({ error: { code } })
})

test('a refusal after a reconnect ends what is pending', async () => {
  await using hub = await ScriptedHub.open({ attach: allPending })
  await using client = connect(hub.url)
  const wait = client.await(client.attach(ref), Number.POSITIVE_INFINITY)
  await hub.nth('attach')
  hub.refusal = { code: 'unauthorized', message: 'The token has run out.' }
  hub.cut()
  expect(await wait).toMatchObject({ error: { code: 'unauthorized', message: 'The token has run out.' } })
})

test('a hub of another protocol version is refused with both versions named', async () => {
  await using hub = await ScriptedHub.open()
  hub.welcome = { protocol: 7, limits }
  await using client = connect(hub.url)
  await expect(client.ready).rejects.toMatchObject({ code: 'forbidden', message: 'The hub speaks protocol version 7; this package speaks 1 to 1.' })
})

test('a refused client whose ready nobody reads is no unhandled rejection', async () => {
  await using hub = await ScriptedHub.open()
  hub.refusal = { code: 'forbidden', message: 'No.' }
  const unhandled: unknown[] = []
  const note = (reason: unknown) => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  await using client = connect(hub.url)
  void client.ready
  expect(await told(client, 'error')).toMatchObject({ code: 'forbidden' })
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

test('a hub that comes up later is reached, and every failed try is told', async () => {
  const place = await ScriptedHub.open()
  await place.close()
  await using client = connect(place.url)
  const failed = told(client, 'error')
  const ready = client.ready
  expect(await failed).toMatchObject({ code: 'unreachable', message: expect.stringContaining(place.url) })
  expect(client.status).toBe('disconnected')
  await using _hub = await ScriptedHub.open({}, place.port)
  await ready
  expect(client.status).toBe('connected')
})

test('a refusal of another kind is trouble that passes', async () => {
  await using hub = await ScriptedHub.open()
  hub.refusal = { code: 'store_unavailable', message: 'Starting.' }
  await using client = connect(hub.url)
  const failed = told(client, 'error')
  const ready = client.ready
  expect(await failed).toMatchObject({ code: 'unreachable', message: expect.stringContaining('Starting.') })
  hub.refusal = undefined
  await ready
})

test('a connection that the hub ends is made again', async () => {
  await using hub = await ScriptedHub.open()
  await using client = connect(hub.url)
  await client.ready
  const [lost, found] = [told(client, 'disconnect'), hub.connection(2)]
  hub.socket.disconnect(true)
  await lost
  expect(client.status).toBe('disconnected')
  await found
  await told(client, 'connect')
  expect(client.status).toBe('connected')
})

test('a closed client ends its submits and awaits, and takes no more', async () => {
  await using hub = await ScriptedHub.open({ attach: allPending })
  const client = connect(hub.url)
  const submit = client.async(job.new())
  const wait = client.await(client.attach(ref), Number.POSITIVE_INFINITY)
  const promised = client.await(client.async(job.new()))
  await hub.nth('submit')
  const ended = Promise.allSettled([submit])
  await client.close()
  await client.close()
  expect(client.status).toBe('closed')
  expect(await ended).toMatchObject([{ reason: { code: 'closed' } }])
  expect(await wait).toMatchObject({ error: { code: 'closed' } })
  expect(await promised).toMatchObject({ error: { code: 'closed' } })
  await expect(client.async(job.new())).rejects.toMatchObject({ code: 'closed' })
  expect(await client.await(client.attach(ref))).toMatchObject({ error: { code: 'closed' } })
})

test('a client that was never used closes too', async () => {
  const client = connect('http://127.0.0.1:1')
  await client.close()
  await expect(client.ready).rejects.toMatchObject({ code: 'closed' })
})

test('a listener that throws harms nobody, and one that is off is told nothing', async () => {
  await using hub = await ScriptedHub.open()
  await using client = connect(hub.url)
  const calls: string[] = []
  client.on('connect', () => {
    throw new Error('listener')
  })
  const off = client.on('connect', () => calls.push('off'))
  off()
  client.on('connect', () => calls.push('on'))
  await client.ready
  expect(calls).toEqual(['on'])
  expect(() => client.on('nonsense' as 'connect', () => {})).toThrow(TypeError)
})

test.each([
  [undefined, {}, 'url: expected an http or https address, got undefined'],
  ['localhost:4040', {}, 'url: expected an http or https address, got "localhost:4040"'],
  ['', {}, 'url: expected an http or https address, got ""'],
  ['http://127.0.0.1', { token: 3 }, 'token: expected a string or a function, got 3'],
  ['http://127.0.0.1', { path: 'x' }, 'path: expected a path that starts with "/", got "x"'],
  ['http://127.0.0.1', { submitTimeout: 0 }, 'submitTimeout: expected milliseconds above 0, or Infinity, got 0'],
])('connect(%j, %j) throws at once', (url, options, message) => {
  expect(() => connect(url, options as never)).toThrow(new TypeError(message))
})
