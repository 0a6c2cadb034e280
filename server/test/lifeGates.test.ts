import { frameBytesFor, mintRef, protocol } from '@anchorleg/shared'
import { io, type Socket } from 'socket.io-client'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createHub, type Hub } from '#server/index.js'

let hub: Hub
const sockets: Socket[] = []

const sizes = { argsBytes: 2_048, resultBytes: 2_048 }

beforeAll(async () => {
  const { argsBytes: argsLimit, resultBytes: resultLimit } = sizes
  hub = await createHub({ store: 'memory:', port: 0, logLevel: 'silent', argsLimit, resultLimit }).listen()
})
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.disconnect()
})
afterAll(() => hub.close())

const next = <T>(socket: Socket, event: string) => new Promise<T>((resolve) => socket.once(event, resolve))

function open(namespace: string, extraHeaders: Record<string, string> = {}): Socket {
  const auth = { protocol, sdk: 'test' }
  const socket = io(`${hub.url}${namespace}`, { transports: ['websocket'], forceNew: true, reconnection: false, auth, extraHeaders })
  socket.on('perform', (_jobs: unknown, acknowledge: () => void) => acknowledge())
  sockets.push(socket)
  return socket
}

async function welcomed(namespace: string): Promise<Socket> {
  const socket = open(namespace)
  await next(socket, 'welcome')
  return socket
}

interface Held {
  readonly jobId: string
  readonly lease: string
}

/** A caller, a worker with one slot for jobs of one name, and one such job. */
async function setting() {
  const [client, worker] = [await welcomed('/client'), await welcomed('/worker')]
  const name = `life-${mintRef()}`
  const job = { ref: mintRef(), name, codec: 'd6', args: '[1]' }
  const register = () => worker.emitWithAck('register', { names: [name], queues: { default: 1 }, held: [] })
  const run = async (): Promise<Held> => {
    const performed = next<Held[]>(worker, 'perform')
    await register()
    await client.emitWithAck('submit', { jobs: [job] })
    const [{ jobId, lease }] = (await performed) as [Held]
    return { jobId, lease }
  }
  return { client, worker, job, run }
}

const reason = { codec: 'd6', reason: '["enough"]' }

describe('cancel', () => {
  test('ends a waiting job at once, and whoever awaits it gets the reason', async () => {
    const { client, job } = await setting()
    const told = next(client, 'outcomes')
    await client.emitWithAck('submit', { jobs: [{ ...job, want: 'any' }] })
    expect(await client.emitWithAck('cancel', { cancels: [{ ref: job.ref, ...reason }] })).toEqual({
      ok: [{ ref: job.ref, type: 'cancelled', state: 'cancelled' }],
    })
    expect(await told).toMatchObject([{ ref: job.ref, outcome: { type: 'cancel', value: '["enough"]', final: true } }])
  })

  test('of a running job is asked of its worker, and its outcome is the cancellation', async () => {
    const { client, worker, job, run } = await setting()
    const held = await run()
    const asked = next(worker, 'cancel')
    expect(await client.emitWithAck('cancel', { cancels: [{ ref: job.ref, ...reason }] })).toMatchObject({ ok: [{ type: 'requested' }] })
    expect(await asked).toEqual([{ ...held, codec: 'd6', reason: '["enough"]' }])
    const outcome = { type: 'error', code: 'exception', message: 'aborted', codec: 'd6' }
    await worker.emitWithAck('settle', { settlements: [{ ...held, outcome }] })
    const look = await client.emitWithAck('look', { refs: [{ ref: job.ref, want: 'final' }] })
    expect(look).toMatchObject({ ok: [{ type: 'outcome', outcome: { type: 'cancel', value: '["enough"]' } }] })
  })

  test('of a running job is said with the reason of whoever asked first', async () => {
    const { client, worker, job, run } = await setting()
    await run()
    const cancel = (words: string) => client.emitWithAck('cancel', { cancels: [{ ref: job.ref, codec: 'd6', reason: `["${words}"]` }] })
    const told: string[] = []
    worker.on('cancel', (cancels: { reason: string }[]) => told.push(...cancels.map(({ reason }) => reason)))
    await cancel('first')
    await cancel('second')
    // What the hub sent before its answer has come before it.
    await worker.emitWithAck('renew', { leases: [] })
    expect(told).toEqual(['["first"]', '["first"]'])
  })

  test('is said again to a worker that was away', async () => {
    const { client, worker, job, run } = await setting()
    const held = await run()
    worker.disconnect()
    await client.emitWithAck('cancel', { cancels: [{ ref: job.ref, ...reason }] })
    const back = await welcomed('/worker')
    const asked = next(back, 'cancel')
    await back.emitWithAck('register', { names: [], queues: {}, held: [held] })
    expect(await asked).toMatchObject([held])
  })

  test('of an unknown ref says so, and a reason over the limit is refused', async () => {
    const client = await welcomed('/client')
    const cancel = (fields: object) => client.emitWithAck('cancel', { cancels: [{ ref: mintRef(), ...reason, ...fields }] })
    expect(await cancel({})).toMatchObject({ ok: [{ type: 'not_found' }] })
    expect(await cancel({ reason: 'x'.repeat(2_049) })).toMatchObject({ refused: { code: 'payload_too_large' } })
  })
})

describe('watch', () => {
  test('tells of everything in the order in which it happens', async () => {
    const { client, worker, job, run } = await setting()
    const events: { type: string }[] = []
    client.on('events', (some: { type: string }[]) => events.push(...some))
    const held = await run()
    expect(await client.emitWithAck('watch', { watches: [{ ref: job.ref }] })).toMatchObject({
      ok: [{ type: 'job', state: 'executing', attempt: 1 }],
    })
    expect(await worker.emitWithAck('progress', { reports: [{ ...held, codec: 'd6', value: '[0.5]' }] })).toEqual({ ok: ['stored'] })
    const chunk = { ...held, index: 0, codec: 'd6', value: '["a"]' }
    expect(await worker.emitWithAck('emit', { chunks: [chunk, { ...chunk, index: 1 }, { ...chunk, index: 5 }] })).toEqual({
      ok: ['stored', 'stored', 'gap'],
    })
    await worker.emitWithAck('settle', { settlements: [{ ...held, chunks: 2, outcome: { type: 'ok', codec: 'd6', value: '[1]' } }] })
    await client.emitWithAck('unwatch', { refs: [job.ref] })
    expect(events).toMatchObject([
      { ref: job.ref, type: 'progress', run: 1, attempt: 1, value: '[0.5]' },
      { ref: job.ref, type: 'chunk', run: 1, attempt: 1, index: 0 },
      { ref: job.ref, type: 'chunk', run: 1, attempt: 1, index: 1 },
      { ref: job.ref, type: 'outcome', run: 1, attempt: 1, state: 'completed', outcome: { type: 'ok', chunks: 2, final: true } },
    ])
  })

  test('puts what one turn brings into one frame, or into as many as it needs, in order', async () => {
    const { client, worker, job, run } = await setting()
    const unique = { key: job.name, states: ['executing'] }
    Object.assign(job, { unique })
    const held = await run()
    const refs = [job.ref, mintRef(), mintRef()]
    await client.emitWithAck('submit', { jobs: refs.slice(1).map((ref) => ({ ...job, ref })) })
    const frames: { index: number }[][] = []
    client.on('events', (events) => frames.push(events))
    await client.emitWithAck('watch', { watches: refs.map((ref) => ({ ref })) })
    const emit = async (from: number, count: number, value: string) => {
      const chunks = Array.from({ length: count }, (_, i) => ({ ...held, index: from + i, codec: 'd6', value }))
      expect(await worker.emitWithAck('emit', { chunks })).toEqual({ ok: chunks.map(() => 'stored') })
      // An answer comes behind everything that was told before it.
      await client.emitWithAck('look', { refs: [{ ref: job.ref, want: 'any' }] })
      return frames.splice(0)
    }
    const inOrder = (from: number, count: number) => Array.from({ length: count }, (_, i) => refs.map(() => from + i)).flat()
    const small = await emit(0, 10, '["a"]')
    expect(small.map((events) => events.map(({ index }) => index))).toEqual([inOrder(0, 10)])
    const large = await emit(10, 60, `["${'x'.repeat(1_500)}"]`)
    expect(large.flat().map(({ index }) => index)).toEqual(inOrder(10, 60))
    const frameBytes = frameBytesFor(sizes)
    expect(JSON.stringify(['events', large.flat()]).length).toBeGreaterThan(frameBytes)
    for (const events of large) expect(JSON.stringify(['events', events]).length).toBeLessThan(frameBytes)
  })

  test('gives who comes late what is stored, beyond what it has', async () => {
    const { client, worker, job, run } = await setting()
    const held = await run()
    const chunks = [0, 1, 2].map((index) => ({ ...held, index, codec: 'd6', value: `[${index}]` }))
    await worker.emitWithAck('emit', { chunks })
    const watch = (from?: object) => client.emitWithAck('watch', { watches: [{ ref: job.ref, ...(from && { from }) }] })
    expect((await watch()).ok[0].chunks.map(({ index }: { index: number }) => index)).toEqual([0, 1, 2])
    expect((await watch({ run: 1, index: 2, number: 0 })).ok[0].chunks.map(({ index }: { index: number }) => index)).toEqual([2])
  })

  test('what a worker without the lease says of a job reaches nobody', async () => {
    const { client, worker, job, run } = await setting()
    const events: object[] = []
    client.on('events', (some: object[]) => events.push(...some))
    const { jobId } = await run()
    await client.emitWithAck('watch', { watches: [{ ref: job.ref }] })
    const forged = { jobId, lease: '0'.repeat(32), codec: 'd6', value: '[1]' }
    expect(await worker.emitWithAck('progress', { reports: [forged] })).toEqual({ ok: ['stale'] })
    expect(await worker.emitWithAck('emit', { chunks: [{ ...forged, index: 0 }] })).toEqual({ ok: ['stale'] })
    expect(events).toEqual([])
  })
})

test('inspect says all but values', async () => {
  const { client, job } = await setting()
  await client.emitWithAck('submit', { jobs: [{ ...job, tags: ['t'], meta: { a: 1 }, priority: 3 }] })
  const { ok } = await client.emitWithAck('inspect', { refs: [job.ref, mintRef()] })
  expect(ok).toMatchObject([
    {
      ref: job.ref,
      type: 'job',
      name: job.name,
      state: 'available',
      waiting: 'no_worker',
      attempt: 0,
      priority: 3,
      tags: ['t'],
      meta: { a: 1 },
      errors: [],
    },
    { type: 'not_found' },
  ])
})

describe('an operator', () => {
  test('pauses, resumes and limits queues, and the hub’s own methods do the same', async () => {
    const admin = await welcomed('/admin')
    expect(await admin.emitWithAck('setQueues', { changes: [{ queue: 'q1', paused: true, limit: 2 }] })).toEqual({
      ok: [{ queue: 'q1', paused: true, limit: 2 }],
    })
    await hub.resume('q1')
    await hub.limit('q1', null)
    expect((await admin.emitWithAck('queues', {})).ok).toContainEqual({ queue: 'q1', paused: false, limit: null })
  })

  test('reopens a job that has ended, and only such a one', async () => {
    const { client, job, run, worker } = await setting()
    const held = await run()
    expect(await hub.retry(job.ref)).toBe(false)
    await worker.emitWithAck('settle', { settlements: [{ ...held, outcome: { type: 'ok', codec: 'd6', value: '[1]' } }] })
    const again = next<object[]>(worker, 'perform')
    expect(await hub.retry(job.ref)).toBe(true)
    expect(await again).toMatchObject([{ jobId: held.jobId, attempt: 2 }])
    expect(await client.emitWithAck('look', { refs: [{ ref: job.ref, want: 'final' }] })).toMatchObject({ ok: [{ type: 'pending' }] })
  })

  test('does not come from a page of another origin', async () => {
    const error = await next<Error & { data: object }>(open('/admin', { origin: 'http://localhost:9' }), 'connect_error')
    expect(error.data).toMatchObject({ code: 'forbidden' })
    await next(open('/admin', { origin: hub.url }), 'welcome')
  })
})

test('a unique job’s second ref is an alias that gets the same outcome', async () => {
  const { client, worker, job } = await setting()
  const unique = { key: mintRef(), states: ['available', 'executing', 'completed'] }
  const other = { ...job, ref: mintRef() }
  const { ok } = await client.emitWithAck('submit', {
    jobs: [
      { ...job, unique, want: 'any' },
      { ...other, unique, want: 'any' },
    ],
  })
  expect(ok.map(({ conflict }: { conflict: boolean }) => conflict)).toEqual([false, true])
  const told = new Promise<string[]>((resolve) => {
    const refs: string[] = []
    client.on('outcomes', (outcomes: { ref: string }[]) => {
      refs.push(...outcomes.map(({ ref }) => ref))
      if (refs.length === 2) resolve(refs)
    })
  })
  const performed = next<Held[]>(worker, 'perform')
  await worker.emitWithAck('register', { names: [job.name], queues: { default: 5 }, held: [] })
  const assignments = await performed
  expect(assignments).toHaveLength(1)
  const [{ jobId, lease }] = assignments as [Held]
  await worker.emitWithAck('settle', { settlements: [{ jobId, lease, outcome: { type: 'ok', codec: 'd6', value: '[1]' } }] })
  expect((await told).sort()).toEqual([job.ref, other.ref].sort())
})

test('metrics count what happened, and name no job, ref or value', async () => {
  const { worker, job, run } = await setting()
  const held = await run()
  await worker.emitWithAck('settle', { settlements: [{ ...held, outcome: { type: 'ok', codec: 'd6', value: '["secret"]' } }] })
  const text = await (await fetch(`${hub.url}/metrics`)).text()
  for (const name of [
    'outcomes_total',
    'job_wait_seconds_bucket',
    'job_run_seconds_bucket',
    'queue_depth',
    'connections',
    'leases',
    'store_commit_seconds_sum',
    'store_commit_entries_sum',
  ]) {
    expect(text).toMatch(new RegExp(`^anchorleg_${name}`, 'm'))
  }
  expect(text).toMatch(/^anchorleg_outcomes_total\{queue="default",type="ok",code=""\} [1-9]/m)
  expect(text).toMatch(/^nodejs_eventloop_lag_seconds /m)
  for (const hidden of [job.ref, job.name, 'secret', held.lease]) expect(text).not.toContain(hidden)
})
