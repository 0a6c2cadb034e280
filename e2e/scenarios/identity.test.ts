import { type Client, connect, defineJob, type } from '@anchorleg/client'
import { createWorker, type Performer, type Worker } from '@anchorleg/client/worker'
import { mintToken, type TokenClaims } from '@anchorleg/server'
import { io } from 'socket.io-client'
import { describe, expect, onTestFinished } from 'vitest'
import type { HubProcess } from '#e2e/harness/hubProcess.js'
import { double } from '#e2e/harness/jobs.js'
import { forever, test } from './test.js'

const secret = 'a secret that is long enough to be one'
const acme = { role: 'client', tenant: 'acme' } as const

/** Counts how often a token was asked for. Each is good for so many seconds. */
function tokens(claims: TokenClaims, expiresIn: number) {
  const given = { count: 0, token: () => mintToken(secret, { ...claims, expiresIn }) }
  const token = () => {
    given.count += 1
    return given.token()
  }
  return { given, token }
}

async function worker(hub: { url: string }, jobs: readonly Performer[], token: () => Promise<string>, queues = { default: 10 }): Promise<Worker> {
  const logger = { info() {}, warn() {}, error() {} }
  const worker = createWorker(hub.url, { jobs, queues, token, logger })
  onTestFinished(() => worker.close())
  await worker.ready
  return worker
}

const always = (claims: TokenClaims) => () => mintToken(secret, claims)

/** A job that runs until it is let go, and how often it has begun. */
function held() {
  let letGo = () => {}
  const gone = new Promise<void>((resolve) => {
    letGo = resolve
  })
  let begun = () => {}
  const begins = new Promise<void>((resolve) => {
    begun = resolve
  })
  const state = { starts: 0 }
  const job = defineJob({ name: 'held', args: type<number>(), result: type<number>(), chunk: type<string>() })
  const performer = job.perform(async (n, { emit }) => {
    state.starts += 1
    await emit('before')
    begun()
    await gone
    await emit('after')
    return n * 2
  })
  return { job, performer, state, begins, letGo }
}

/** Resolves when a client has connected so many times from now on. */
function connections(client: Client, count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count
    const off = client.on('connect', () => {
      left -= 1
      if (left > 0) return
      off()
      resolve()
    })
  })
}

describe('when the token of a caller runs out', () => {
  test('its function is asked for another, and what it awaits, watches and submits goes on', async ({ house }) => {
    const hub = await house.hub(['--secret', secret])
    const { job, performer, begins, letGo } = held()
    await worker(hub, [performer, double.perform(({ int }) => int * 2)], always({ role: 'worker' }))
    const { given, token } = tokens(acme, 4)
    const client = house.connect(hub, { token })
    await client.ready
    const relay = await client.async(job.new(21))
    const awaited = client.await(relay, forever)
    const chunks: string[] = []
    const watched = (async () => {
      for await (const event of client.watch(relay)) if (event.type === 'chunk') chunks.push(event.value)
    })()
    await begins
    const twice = connections(client, 2).then(() => 'renewed')
    const submitted: unknown[] = []
    for (let int = 0; (await Promise.race([twice, Promise.resolve('not yet')])) === 'not yet'; int += 1) {
      submitted.push(await client.await(client.async(double.new({ int })), 20_000), int * 2)
    }
    letGo()
    expect(await awaited).toEqual({ type: 'ok', value: 42 })
    await watched
    expect(chunks).toEqual(['before', 'after'])
    for (let i = 0; i < submitted.length; i += 2) expect(submitted[i]).toEqual({ type: 'ok', value: submitted[i + 1] })
    expect(given.count).toBeGreaterThanOrEqual(3)
  })

  test('and is a text, its awaits and submits end as unauthorized, and nothing is tried again', async ({ house }) => {
    const hub = await house.hub(['--secret', secret])
    const client = house.connect(hub, { token: await mintToken(secret, { ...acme, expiresIn: 4 }) })
    await client.ready
    const relay = await client.async(double.new({ int: 1 }))
    const unauthorized = { type: 'error', error: { code: 'unauthorized', message: 'The token has expired.' } }
    expect(await client.await(relay, forever)).toEqual(unauthorized)
    expect(client.status).toBe('refused')
    await expect(client.async(double.new({ int: 1 }))).rejects.toMatchObject({ code: 'unauthorized' })
    expect(await client.await(relay, forever)).toEqual(unauthorized)
    expect(hub.program.lines(({ msg }) => msg === 'peer.refused')).toEqual([])
  })

  test('and its function fails for a while, it is back as soon as that gives one', async ({ house }) => {
    const hub = await house.hub(['--secret', secret])
    const { given, token } = tokens(acme, 4)
    const client = house.connect(hub, { token })
    await client.ready
    await worker(hub, [double.perform(({ int }) => int * 2)], always({ role: 'worker' }))
    const errors: unknown[] = []
    const failedTwice = new Promise<void>((resolve) => {
      client.on('error', (error) => {
        if (errors.push(error) === 2) resolve()
      })
    })
    const good = given.token
    given.token = () => Promise.reject(new Error('no session'))
    await failedTwice
    const pending = client.await(client.async(double.new({ int: 4 })), forever)
    given.token = good
    expect(await pending).toEqual({ type: 'ok', value: 8 })
    expect(errors[0]).toMatchObject({ code: 'unreachable', message: 'The token function failed.' })
  })
})

describe('when the token of a worker runs out', () => {
  test('its function is asked for another, and the jobs that it runs stay its own', async ({ house }) => {
    const hub = await house.hub(['--secret', secret, '--lease', '3000', '--grace', '0'])
    const { job, performer, state, begins, letGo } = held()
    const { given, token } = tokens({ role: 'worker', tenant: 'acme' }, 4)
    await worker(hub, [performer], token)
    const client = house.connect(hub, { token: always(acme) })
    const relay = await client.async(job.new(4, { maxAttempts: 1 }))
    await begins
    // Longer than a lease, and two tokens.
    await expect.poll(() => given.count, { timeout: 30_000, interval: 100 }).toBeGreaterThanOrEqual(5)
    letGo()
    expect(await client.await(relay, forever)).toEqual({ type: 'ok', value: 8 })
    expect(state.starts).toBe(1)
  })
})

describe('who may do what', () => {
  test('is told to callers and workers by their errors', async ({ house }) => {
    const hub = await house.hub(['--secret', secret])
    const nobody = house.connect(hub)
    await expect(nobody.ready).rejects.toMatchObject({ code: 'unauthorized', message: 'This hub wants a token, and there is none.' })
    const misled = house.connect(hub, { token: always({ role: 'worker' }) })
    await expect(misled.async(double.new({ int: 1 }))).rejects.toMatchObject({ code: 'forbidden' })
    await expect(worker(hub, [double.perform(() => 1)], always({ role: 'worker', jobs: ['other'] }))).rejects.toMatchObject({
      code: 'forbidden',
      message: 'This token is not for jobs named "double".',
    })
    const narrow = house.connect(hub, { token: always({ ...acme, jobs: ['double'] }) })
    const other = defineJob({ name: 'other', args: type<number>() })
    await expect(narrow.async(other.new(1))).rejects.toMatchObject({ code: 'forbidden' })
    await expect(narrow.asyncMany([double.new({ int: 1 }), other.new(1)])).rejects.toMatchObject({ code: 'forbidden' })
    const relay = await narrow.async(double.new({ int: 1 }))
    const stranger = house.connect(hub, { token: always({ role: 'client', tenant: 'other' }) })
    expect(await stranger.await(relay)).toMatchObject({ error: { code: 'not_found' } })
    await expect(stranger.inspect(relay)).rejects.toMatchObject({ code: 'not_found' })
    await expect(stranger.cancel(relay)).rejects.toMatchObject({ code: 'not_found' })
    const guest = house.connect(hub, { token: always({ ...acme, ref: relay.ref }) })
    expect(await guest.inspect(relay)).toMatchObject({ state: 'available' })
    await expect(guest.cancel(relay)).rejects.toMatchObject({ code: 'forbidden' })
  })

  test('holds at every hub of a cluster: a worker of one tenant elsewhere runs its jobs, and is none to another', async ({ house }) => {
    const [here, there] = (await house.cluster(2, ['--secret', secret])) as [HubProcess, HubProcess]
    const [own, other] = (['acme', 'other'] as const).map((tenant) => house.connect(here, { token: always({ role: 'client', tenant }) })) as [
      Client,
      Client,
    ]
    const waits = await other.async(double.new({ int: 1 }))
    await worker(there, [double.perform(({ int }) => int * 2)], always({ role: 'worker', tenant: 'acme' }))
    expect(await own.await(own.async(double.new({ int: 2 })), forever)).toEqual({ type: 'ok', value: 4 })
    expect(await other.inspect(waits)).toMatchObject({ state: 'available', waiting: 'no_worker' })
    expect(await own.await(other.attach(waits.ref), 1_000)).toMatchObject({ error: { code: 'not_found' } })
  })

  test('is for a function of the program to say, if it has one', async ({ house }) => {
    const { createHub } = await import('@anchorleg/server')
    const auth = async (token: string | undefined) => {
      if (token === 'throw') throw new Error('no')
      return token === 'good' ? acme : undefined
    }
    await using hub = await createHub({ store: `sqlite:${house.folder}/auth.db`, port: 0, host: '0.0.0.0', logLevel: 'silent', auth }).listen()
    const url = hub.url.replace('0.0.0.0', '127.0.0.1')
    const client = house.connect({ url }, { token: 'good' })
    await client.async(double.new({ int: 1 }))
    for (const token of ['bad', 'throw', undefined]) {
      const refused = connect(url, { token })
      await expect(refused.ready).rejects.toMatchObject({ code: 'unauthorized', message: 'This hub does not accept the token.' })
    }
  })
})

describe('the command', () => {
  const mint = async (
    run: (args: readonly string[], env: Record<string, string>) => { ended: Promise<{ code: number | null }>; output: string },
    args: string[],
    env = {},
  ) => {
    const program = run(['token', ...args], env)
    const { code } = await program.ended
    const [, ...lines] = program.output.split('\n')
    return { code, lines }
  }

  test('mints tokens that hubs with its secret take, also with an older one beside it', async ({ house }) => {
    const run = house.command.bind(house)
    const older = 'the secret of the year before this one'
    const hub = await house.hub(['--secret', `${secret},${older}`])
    for (const ANCHORLEG_SECRET of [secret, older, `${older},${secret}`]) {
      const { code, lines } = await mint(run, ['--role', 'client', '--tenant', 'acme', '--queue', 'default', '--expires', '1m'], { ANCHORLEG_SECRET })
      expect([code, lines.length]).toEqual([0, 1])
      const client = house.connect(hub, { token: lines[0] })
      await client.async(double.new({ int: 1 }))
      await expect(client.async(double.new({ int: 1 }, { queue: 'other' }))).rejects.toMatchObject({ code: 'forbidden' })
    }
  })

  test.each([
    [['--role', 'client'], /tenant/],
    [['--role', 'boss'], /client, worker, admin/],
    [['--role', 'admin', '--expires', 'soon'], /90s, 15m, 1h or 30d/],
    [['--role', 'worker', '--ref', 'x'], /ref/],
    [['--role', 'worker', '--secret', 'short'], /at least 32 bytes/],
  ])('says what is wrong with %j', async (args, says) => {
    await using house = await (await import('#e2e/harness/house.js')).House.build()
    const { code, lines } = await mint(house.command.bind(house), args, { ANCHORLEG_SECRET: secret })
    expect(code).toBe(1)
    expect(lines.join('\n')).toMatch(says)
    expect(lines.join('\n')).not.toContain('    at ')
  })

  test('without a secret binds to loopback only, and says so; with one to any address', async ({ house }) => {
    const open = await house.hub()
    for (const run of open.runs) expect(run.lines(({ msg }) => /authenticates nobody/.test(String(msg)))).toHaveLength(1)
    const refused = house.command(['hub', '--host', '0.0.0.0', '--port', '0', '--store', 'memory:'])
    expect((await refused.ended).code).toBe(1)
    expect(refused.output).toContain('give it a secret (ANCHORLEG_SECRET), publicKeys or auth to listen anywhere')
    const closed = house.command(['hub', '--host', '0.0.0.0', '--port', '0', '--store', 'memory:'], { ANCHORLEG_SECRET: secret })
    expect(await closed.line(({ msg }) => msg === 'hub listening')).toMatchObject({ url: expect.stringMatching(/^http:\/\/0\.0\.0\.0:\d+$/) })
    expect(closed.lines(({ msg }) => /authenticates nobody/.test(String(msg)))).toEqual([])
  })

  test('writes no token, wherever a peer puts it, and no secret', async ({ house }) => {
    const hub = await house.hub(['--secret', secret, '--log-level', 'trace'])
    const token = await mintToken(secret, acme)
    const bad = `${token.slice(0, -4)}AAAA`
    const refusals: Promise<unknown>[] = []
    for (const [auth, query] of [
      [{ token: bad }, {}],
      [{ token }, { token }],
      [{}, { access_token: token }],
      [{ token: { token } }, {}],
    ] as const) {
      const handshake = { protocol: { min: 1, max: 1 }, sdk: 'test', ...auth }
      const socket = io(`${hub.url}/client`, { transports: ['websocket'], forceNew: true, reconnection: false, auth: handshake, query })
      onTestFinished(() => void socket.close())
      refusals.push(new Promise((resolve) => socket.once('connect_error', resolve)))
    }
    await Promise.all(refusals)
    await fetch(`${hub.url}/metrics?token=${token}`, { headers: { authorization: `Bearer ${bad}` } })
    await house.connect(hub, { token }).async(double.new({ int: 1 }))
    await hub.stop('SIGTERM')
    expect(hub.program.lines(({ msg }) => msg === 'peer.refused')).toHaveLength(4)
    // The first line is the harness's own: the command, with its secret.
    const written = hub.runs.map(({ output }) => output.slice(output.indexOf('\n'))).join('\n')
    for (const hidden of [secret, ...token.split('.').slice(1), bad.slice(-20)]) expect(written).not.toContain(hidden)
  })
})
