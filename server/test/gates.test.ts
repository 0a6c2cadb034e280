import { request } from 'node:http'
import { mintLease, mintRef, protocol } from '@anchorleg/shared'
import { io, type Socket } from 'socket.io-client'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createHub, type Hub } from '#server/index.js'

let hub: Hub
const sockets: Socket[] = []

beforeAll(async () => {
  hub = await createHub({ store: 'memory:', port: 0, logLevel: 'silent', argsLimit: 2_048, resultLimit: 2_048 }).listen()
})
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.disconnect()
})
afterAll(() => hub.close())

const auth = { protocol, sdk: 'test' }

function open(namespace: string, options: object = {}): Socket {
  const socket = io(`${hub.url}${namespace}`, { transports: ['websocket'], forceNew: true, reconnection: false, auth, ...options })
  socket.on('perform', (_jobs: unknown, acknowledge: () => void) => acknowledge())
  sockets.push(socket)
  return socket
}

const next = <T>(socket: Socket, event: string) => new Promise<T>((resolve) => socket.once(event, resolve))

async function welcomed(namespace: string): Promise<Socket> {
  const socket = open(namespace)
  await next(socket, 'welcome')
  return socket
}

const job = (fields: object = {}) => ({ ref: mintRef(), name: 'double', codec: 'd6', args: '[1]', ...fields })

describe('the handshake', () => {
  test('welcomes a peer with the version spoken and the limits', async () => {
    const welcome = await next(open('/client'), 'welcome')
    expect(welcome).toEqual({ protocol: 1, limits: { argsBytes: 2_048, resultBytes: 2_048, frameBytes: expect.any(Number), batch: 10_000 } })
  })

  test('refuses another protocol version, naming both', async () => {
    const error = await next<Error & { data: object }>(open('/client', { auth: { ...auth, protocol: { min: 7, max: 9 } } }), 'connect_error')
    expect(error.data).toEqual({ code: 'forbidden', message: 'This hub speaks protocol version 1; the SDK that connects speaks versions 7 to 9.' })
  })

  test.each([[{}], [{ auth: { protocol: 'one' } }], [{ auth: { protocol, sdk: 7 } }]])(
    'refuses one that is not as it must be: %j',
    async (options) => {
      const error = await next<Error & { data: object }>(open('/client', { auth: {}, ...options }), 'connect_error')
      expect(error.data).toMatchObject({ code: 'forbidden' })
    },
  )

  test('refuses a worker that has an Origin', async () => {
    const error = await next<Error & { data: object }>(open('/worker', { extraHeaders: { origin: 'http://localhost' } }), 'connect_error')
    expect(error.data).toEqual({ code: 'forbidden', message: 'A page cannot connect as a worker.' })
  })

  test('knows no other namespace', async () => {
    expect((await next<Error>(open('/secret'), 'connect_error')).message).toBe('Invalid namespace')
    const error = await next<Error & { data: object }>(open('/'), 'connect_error')
    expect(error.data).toEqual({ code: 'forbidden', message: 'Nothing is served here.' })
  })
})

describe('without a secret, only loopback comes in', () => {
  test.each([
    ['a foreign Origin', { origin: 'https://evil.example' }],
    ['an opaque Origin', { origin: 'null' }],
    ['a foreign Host', { host: 'rebound.example:80' }],
  ])('%s is refused at the upgrade', async (_, extraHeaders) => {
    const error = await next<Error & { context?: { statusCode?: number } }>(open('/client', { extraHeaders }), 'connect_error')
    expect(error.message).toBe('websocket error')
  })

  test.each([['http://localhost:3000'], ['http://127.0.0.1'], ['http://[::1]:8080'], ['http://app.localhost']])(
    'the Origin %s is let in',
    async (origin) => {
      await next(open('/client', { extraHeaders: { origin } }), 'welcome')
    },
  )

  test('a foreign Host gets no page either', async () => {
    expect(await status('/', { host: 'rebound.example' })).toBe(403)
    expect(await status('/', {})).toBe(200)
  })
})

describe('the guard', () => {
  test('answers a message that is not as its schema says, naming the place', async () => {
    const socket = await welcomed('/client')
    const refused = await socket.emitWithAck('attach', { refs: [{ ref: 'x', want: 'any' }] })
    expect(refused).toEqual({ refused: { code: 'invalid_message', message: expect.stringContaining('refs[0].ref') } })
  })

  test.each([[[]], [[1, 2]], [[null]], [[{ refs: [] }]], [[{ refs: [1] }]]])('answers attach%j', async (packet) => {
    const socket = await welcomed('/client')
    expect(await socket.emitWithAck('attach', ...packet)).toMatchObject({ refused: { code: 'invalid_message' } })
  })

  test.each(['nonsense', 'constructor', '__proto__', 'toString'])('answers an unknown message "%s"', async (event) => {
    const socket = await welcomed('/client')
    expect(await socket.emitWithAck(event, {})).toMatchObject({ refused: { code: 'invalid_message' } })
  })

  test('cuts who sends a message without asking for an acknowledgement, and nobody else', async () => {
    const [rude, other] = [await welcomed('/client'), await welcomed('/client')]
    const gone = next(rude, 'disconnect')
    rude.emit('submit', { jobs: [job()] })
    await gone
    expect(await other.emitWithAck('look', { refs: [{ ref: mintRef(), want: 'any' }] })).toEqual({
      ok: [{ ref: expect.any(String), type: 'not_found' }],
    })
  })
})

describe('the hub outlives', () => {
  test('a packet whose event is a number', async () => {
    const rude = new WebSocket(`${hub.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
    await new Promise((resolve) => rude.once('message', resolve))
    rude.send(`40/client,${JSON.stringify(auth)}`)
    await new Promise((resolve) => rude.once('message', resolve))
    const gone = new Promise((resolve) => rude.once('close', resolve))
    rude.send('42/client,[5,{}]')
    await gone
    expect(await status('/healthz', {})).toBe(200)
  })

  test('a list beyond the limit, which is refused before it is read', async () => {
    const socket = await welcomed('/client')
    const refs = Array.from({ length: 10_001 }, () => 0)
    expect(await socket.emitWithAck('attach', { refs })).toMatchObject({ refused: { code: 'payload_too_large' } })
  })

  test('a peer that asks and never reads: it is cut', { timeout: 60_000 }, async () => {
    const [client, worker] = [await welcomed('/client'), await welcomed('/worker')]
    const name = `unread-${mintRef()}`
    worker.on('perform', (assignments: { jobId: string; lease: string }[]) => {
      const outcome = { type: 'ok', codec: 'd6', value: 'x'.repeat(2_000) }
      worker.emit('settle', { settlements: assignments.map(({ jobId, lease }) => ({ jobId, lease, outcome })) }, () => {})
    })
    await worker.emitWithAck('register', { names: [name], queues: { default: 1 }, held: [] })
    const told = next(client, 'outcomes')
    const one = job({ name, want: 'any' })
    await client.emitWithAck('submit', { jobs: [one] })
    await told
    const deaf = new WebSocket(`${hub.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
    await new Promise((resolve) => deaf.once('message', resolve))
    deaf.send(`40/client,${JSON.stringify(auth)}`)
    await new Promise((resolve) => deaf.once('message', resolve))
    const before = await callers()
    deaf.pause()
    const asked = 400
    const refs = Array.from({ length: 60 }, () => ({ ref: one.ref, want: 'any' }))
    const ask = (id: number) => new Promise<void>((resolve) => deaf.send(`42/client,${id}${JSON.stringify(['look', { refs }])}`, () => resolve()))
    for (let id = 0; id < asked; id++) await ask(id)
    let answers = 0
    const all = new Promise<void>((resolve) => {
      deaf.on('message', (data) => {
        if (String(data).startsWith('43/client,')) answers += 1
        if (answers === asked) resolve()
      })
    })
    const gone = new Promise((resolve) => deaf.once('close', resolve))
    // It reads again once the hub has cut it, or has had all the time that it could need to answer everything.
    await expect.poll(() => callers(), { timeout: 30_000 }).toBe(before - 1)
    deaf.resume()
    await Promise.race([gone, all])
    expect(answers).toBeLessThan(asked)
    expect(await status('/readyz', {})).toBe(200)
  })
})

describe('submit', () => {
  test('one bad entry does not refuse its neighbours', async () => {
    const socket = await welcomed('/client')
    const jobs = [job(), job({ priority: 12 }), job({ args: 'x'.repeat(2_049) }), job()]
    const { ok } = await socket.emitWithAck('submit', { jobs })
    expect(ok.map((each: { refused?: { code: string } }) => each.refused?.code ?? 'stored')).toEqual([
      'stored',
      'invalid_job',
      'payload_too_large',
      'stored',
    ])
    expect(ok[1].refused.issues).toEqual([{ path: ['priority'], message: expect.any(String) }])
  })

  test('with atomic, one bad entry refuses all, and none is stored', async () => {
    const socket = await welcomed('/client')
    const jobs = [job(), job({ name: '' })]
    const { ok } = await socket.emitWithAck('submit', { jobs, atomic: true })
    expect(ok).toMatchObject([{ refused: { code: 'invalid_job' } }, { refused: { code: 'invalid_job', issues: [{ path: ['name'] }] } }])
    expect(await socket.emitWithAck('look', { refs: [{ ref: jobs[0]?.ref, want: 'any' }] })).toMatchObject({ ok: [{ type: 'not_found' }] })
  })

  test('an entry without a ref refuses the message: nothing could answer it', async () => {
    const socket = await welcomed('/client')
    expect(await socket.emitWithAck('submit', { jobs: [job(), { name: 'x' }] })).toMatchObject({ refused: { code: 'invalid_message' } })
  })

  test('a resend is the same job, and other content under its ref is refused', async () => {
    const socket = await welcomed('/client')
    const one = job()
    const first = await socket.emitWithAck('submit', { jobs: [one] })
    expect(await socket.emitWithAck('submit', { jobs: [{ ...one, want: 'any' }] })).toEqual(first)
    expect(await socket.emitWithAck('submit', { jobs: [{ ...one, args: '[2]' }] })).toMatchObject({ ok: [{ refused: { code: 'ref_conflict' } }] })
  })

  test('a resend with a want gets the outcome that came before it', async () => {
    const [client, worker] = [await welcomed('/client'), await welcomed('/worker')]
    const name = `resent-${mintRef()}`
    const performed = next<{ jobId: string; lease: string }[]>(worker, 'perform')
    await worker.emitWithAck('register', { names: [name], queues: { default: 1 }, held: [] })
    const one = job({ name })
    await client.emitWithAck('submit', { jobs: [one] })
    const [assignment] = await performed
    const { jobId, lease } = assignment as { jobId: string; lease: string }
    await worker.emitWithAck('settle', { settlements: [{ jobId, lease, outcome: { type: 'ok', codec: 'd6', value: '[7]' } }] })
    const told = next(client, 'outcomes')
    await client.emitWithAck('submit', { jobs: [{ ...one, want: 'any' }] })
    expect(await told).toMatchObject([{ ref: one.ref, outcome: { type: 'ok', value: '[7]', number: 1, final: true } }])
  })
})

test('outcomes too large for one answer come one after the other', async () => {
  const [client, worker] = [await welcomed('/client'), await welcomed('/worker')]
  const name = `many-${mintRef()}`
  const value = JSON.stringify(['"'.repeat(900)])
  worker.on('perform', (assignments: { jobId: string; lease: string }[]) => {
    const settlements = assignments.map(({ jobId, lease }) => ({ jobId, lease, outcome: { type: 'ok', codec: 'd6', value } }))
    worker.emit('settle', { settlements }, () => {})
  })
  await worker.emitWithAck('register', { names: [name], queues: { default: 200 }, held: [] })
  const jobs = Array.from({ length: 200 }, () => job({ name, want: 'any' }))
  const come = (count: number) =>
    new Promise<Set<string>>((resolve) => {
      const refs = new Set<string>()
      client.on('outcomes', (outcomes: { ref: string }[]) => {
        for (const { ref } of outcomes) refs.add(ref)
        if (refs.size >= count) resolve(refs)
      })
    })
  const all = come(jobs.length)
  await client.emitWithAck('submit', { jobs })
  await all
  client.removeAllListeners('outcomes')
  const later = new Promise<string[]>((resolve) => client.on('outcomes', (outcomes: { ref: string }[]) => resolve(outcomes.map(({ ref }) => ref))))
  const { ok } = await client.emitWithAck('attach', { refs: jobs.map(({ ref }) => ({ ref, want: 'any' })) })
  const pending = ok.filter(({ type }: { type: string }) => type === 'pending')
  expect(ok.filter(({ type }: { type: string }) => type === 'outcome').length).toBeGreaterThan(0)
  expect(pending.length).toBeGreaterThan(0)
  expect(await later).toContain(pending[0].ref)
})

describe('a worker', () => {
  test('registers before anything else, and once', async () => {
    const worker = await welcomed('/worker')
    const settlements = [{ jobId: '1', lease: mintLease(), outcome: { type: 'snooze', seconds: 1 } }]
    expect(await worker.emitWithAck('settle', { settlements })).toMatchObject({ refused: { code: 'invalid_message' } })
    const registration = { names: ['nothing'], queues: { default: 1 }, held: [] }
    expect(await worker.emitWithAck('register', registration)).toEqual({ ok: { held: [], leaseMs: 15_000 } })
    expect(await worker.emitWithAck('register', registration)).toMatchObject({ refused: { code: 'invalid_message' } })
    expect(await worker.emitWithAck('settle', { settlements })).toEqual({ ok: ['stale'] })
  })

  test('never sees a ref, and never gets more jobs than it has slots', async () => {
    const [client, worker] = [await welcomed('/client'), await welcomed('/worker')]
    const name = `slots-${mintRef()}`
    const got: object[] = []
    worker.on('perform', (assignments: object[]) => got.push(...assignments))
    await worker.emitWithAck('register', { names: [name], queues: { default: 2 }, held: [] })
    const jobs = [job({ name }), job({ name }), job({ name })]
    await client.emitWithAck('submit', { jobs })
    await client.emitWithAck('submit', { jobs: [job({ name })] })
    expect(got).toHaveLength(2)
    for (const { ref } of jobs) expect(JSON.stringify(got)).not.toContain(ref)
  })

  test('that sends a result over the limit ends its job as result_too_large', async () => {
    const [client, worker] = [await welcomed('/client'), await welcomed('/worker')]
    const name = `large-${mintRef()}`
    const performed = next<{ jobId: string; lease: string }[]>(worker, 'perform')
    await worker.emitWithAck('register', { names: [name], queues: { default: 1 }, held: [] })
    const told = next(client, 'outcomes')
    await client.emitWithAck('submit', { jobs: [job({ name, want: 'any' })] })
    const [{ jobId, lease }] = (await performed) as [{ jobId: string; lease: string }]
    await worker.emitWithAck('settle', { settlements: [{ jobId, lease, outcome: { type: 'ok', codec: 'd6', value: 'x'.repeat(2_049) } }] })
    expect(await told).toMatchObject([{ outcome: { type: 'error', code: 'result_too_large', final: true, state: 'discarded' } }])
  })
})

/** How many callers the hub counts. */
async function callers(): Promise<number> {
  const text = await (await fetch(`${hub.url}/metrics`)).text()
  return Number(/^anchorleg_connections\{role="client"\} (\d+)$/m.exec(text)?.[1])
}

function status(path: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(`${hub.url}${path}`, { headers }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    asked.on('error', reject)
    asked.end()
  })
}
