import type { Relay } from '@anchorleg/client'
import { codecTag, seal } from '@anchorleg/shared'
import { describe, expect } from 'vitest'
import { double, type Ending, fussy, heed, hold, nobody } from '#e2e/harness/jobs.js'
import { forever, test } from './test.js'

const soon = { timeout: 10_000, interval: 20 }

describe('a waiting job that is cancelled', () => {
  const waits: { how: string; state: string; options: object }[] = [
    { how: 'available', state: 'available', options: {} },
    { how: 'scheduled', state: 'scheduled', options: { scheduleIn: 3_600 } },
  ]
  for (const { how, state, options } of waits) {
    test(`ends at once: ${how}`, async ({ client, shared, hub }) => {
      const relay = await client.async(nobody.new(undefined, options))
      expect(await client.inspect(relay)).toMatchObject({ state })
      const other = shared.house.connect(hub)
      const pending = [
        client.await(relay, forever),
        client.await(relay, { ...forever, withRetries: true }),
        other.await(other.attach(relay.ref), forever),
      ]
      await other.ready
      expect(await client.cancel(relay, { reason: { why: new Date(3) } })).toEqual({ cancelled: true, state: 'cancelled' })
      const given = { type: 'cancel', reason: { why: new Date(3) } }
      expect(await Promise.all(pending)).toEqual([given, given, given])
      expect(await client.inspect(relay)).toMatchObject({ state: 'cancelled', waiting: null, attempt: 0, finishedAt: expect.any(Date) })
    })
  }

  test('ends at once: retryable, its errors kept', async ({ client }) => {
    const relay = await client.async(fussy.new({ waits: [3_600] }))
    await client.await(relay)
    const final = client.await(relay, { ...forever, withRetries: true })
    expect(await client.cancel(relay, { reason: 'enough' })).toEqual({ cancelled: true, state: 'cancelled' })
    expect(await final).toEqual({ type: 'cancel', reason: 'enough' })
    expect(await client.inspect(relay)).toMatchObject({ state: 'cancelled', attempt: 1, errors: [{ code: 'failed', attempt: 1 }] })
  })

  test('never runs', async ({ client, shared, hub }) => {
    const queue = 'never'
    const relays = await client.asyncMany([hold.new({ key: 'never' }, { queue }), double.new({ int: 2 }, { queue })])
    await client.cancel(relays[0])
    const worker = await shared.house.worker(hub, { [queue]: 2 })
    expect(await client.await(relays[1])).toEqual({ type: 'ok', value: 4 })
    expect(worker.starts('never')).toBe(0)
  })

  test('may be cancelled again, which changes nothing; its reason is undefined when none is given', async ({ client }) => {
    const relay = await client.async(nobody.new())
    expect(await client.cancel(relay)).toEqual({ cancelled: true, state: 'cancelled' })
    expect(await client.cancel(relay, { reason: 'later' })).toEqual({ cancelled: true, state: 'cancelled' })
    expect(await client.await(relay)).toEqual({ type: 'cancel', reason: undefined })
  })

  test('may be cancelled before its submit is answered', async ({ client }) => {
    const submitted = client.async(nobody.new())
    expect(await client.cancel(submitted, { reason: 'at once' })).toEqual({ cancelled: true, state: 'cancelled' })
    expect(await client.await(submitted)).toEqual({ type: 'cancel', reason: 'at once' })
  })
})

describe('a running job that is cancelled', () => {
  const endings: { end: Ending; state: string; gives: object }[] = [
    { end: 'ok', state: 'completed', gives: { type: 'ok', value: 'by its own will' } },
    { end: 'discard', state: 'discarded', gives: { type: 'discard', reason: 'by its own will' } },
    { end: 'cancel', state: 'cancelled', gives: { type: 'cancel', reason: 'stop' } },
    { end: 'error', state: 'cancelled', gives: { type: 'cancel', reason: 'stop' } },
    { end: 'throw', state: 'cancelled', gives: { type: 'cancel', reason: 'stop' } },
    { end: 'snooze', state: 'cancelled', gives: { type: 'cancel', reason: 'stop' } },
  ]
  for (const { end, state, gives } of endings) {
    test(`has its signal aborted with the reason, and is ${state} when its handler then gives ${end}`, async ({ client, shared }) => {
      const key = `cancelled ${end}`
      const relay = await client.async(heed.new({ key, end }))
      const pending = [client.await(relay, forever), client.await(relay, { ...forever, withRetries: true })]
      await shared.worker.started(key)
      expect(await client.cancel(relay, { reason: 'stop' })).toEqual({ cancelled: state === 'cancelled', state })
      expect(await shared.worker.aborted(key)).toMatchObject({ name: 'AbortError', reason: 'stop' })
      expect(await Promise.all(pending)).toEqual([gives, gives])
      expect(await client.await(relay)).toEqual(gives)
      expect(await client.inspect(relay)).toMatchObject({ state, attempt: 1, waiting: null })
      expect(shared.worker.starts(key)).toBe(1)
    })
  }

  test('is completed when its handler goes on and succeeds within the grace', async ({ client, shared }) => {
    const relay = await client.async(heed.new({ key: 'goes on', end: 'ignore' }))
    await shared.worker.started('goes on')
    const cancelled = client.cancel(relay, { reason: 'in vain' })
    await shared.worker.aborted('goes on')
    expect(await client.inspect(relay)).toMatchObject({ state: 'executing', cancelRequested: true, waiting: 'running' })
    shared.worker.release('goes on')
    expect(await cancelled).toEqual({ cancelled: false, state: 'completed' })
    expect(await client.await(relay)).toEqual({ type: 'ok', value: 'by its own will' })
  })

  test('is told once, with the first reason, however often it is cancelled', async ({ client, shared, hub }) => {
    const relay = await client.async(heed.new({ key: 'twice', end: 'cancel' }))
    await shared.worker.started('twice')
    const other = shared.house.connect(hub)
    const answers = await Promise.all([client.cancel(relay, { reason: 'first' }), other.cancel(relay, { reason: 'second' })])
    expect(answers).toEqual(Array(2).fill({ cancelled: true, state: 'cancelled' }))
    const { reason } = await shared.worker.aborted('twice')
    expect(['first', 'second']).toContain(reason)
    expect(await client.await(relay)).toEqual({ type: 'cancel', reason })
  })

  test('while its worker is away is told when it is back within its lease', async ({ house }) => {
    const hub = await house.hub(['--grace', '8000'])
    const wire = await house.wire(hub)
    const worker = await house.worker(wire)
    const client = house.connect(hub)
    const relay = await client.async(heed.new({ key: 'away', end: 'cancel' }))
    await worker.started('away')
    wire.cut({ down: true })
    await hub.program.line(({ msg, role }) => msg === 'peer.disconnected' && role === 'worker')
    const cancelled = client.cancel(relay, { reason: 'while away' })
    await expect.poll(() => client.inspect(relay), soon).toMatchObject({ state: 'executing', cancelRequested: true })
    wire.mend()
    expect(await worker.aborted('away')).toMatchObject({ name: 'AbortError', reason: 'while away' })
    expect(await cancelled).toEqual({ cancelled: true, state: 'cancelled' })
  })

  test('is told after a restart of the hub too, because the wish is stored', async ({ house }) => {
    const hub = await house.hub()
    const wire = await house.wire(hub)
    const worker = await house.worker(wire)
    const client = house.connect(hub)
    const relay = await client.async(heed.new({ key: 'restart', end: 'throw' }))
    await worker.started('restart')
    wire.cut({ down: true })
    const cancelled = client.cancel(relay, { reason: 'stored' })
    await expect.poll(() => client.inspect(relay), soon).toMatchObject({ cancelRequested: true })
    await hub.restart('SIGKILL')
    wire.mend()
    expect(await worker.aborted('restart')).toMatchObject({ reason: 'stored' })
    expect(await cancelled).toEqual({ cancelled: true, state: 'cancelled' })
    expect(await client.await(relay)).toEqual({ type: 'cancel', reason: 'stored' })
  })

  test('is cancelled, not crashed, when its worker dies of it', async ({ house }) => {
    const hub = await house.hub(['--grace', '200'])
    const worker = await house.worker(hub)
    const client = house.connect(hub)
    const relay = await client.async(heed.new({ key: 'dies', end: 'ignore' }))
    await worker.started('dies')
    const cancelled = client.cancel(relay, { reason: 'fatal' })
    await worker.aborted('dies')
    await worker.program.stop('SIGKILL')
    expect(await cancelled).toEqual({ cancelled: true, state: 'cancelled' })
    expect(await client.await(relay)).toEqual({ type: 'cancel', reason: 'fatal' })
  })
})

describe('to cancel', () => {
  test('a job that has ended changes nothing and says how it ended', async ({ client }) => {
    const relay = await client.async(double.new({ int: 2 }))
    await client.await(relay)
    expect(await client.cancel(relay, { reason: 'late' })).toEqual({ cancelled: false, state: 'completed' })
    expect(await client.await(relay)).toEqual({ type: 'ok', value: 4 })
  })

  test('a ref that never was is refused not_found', async ({ client }) => {
    const { ref } = double.new({ int: 1 })
    await expect(client.cancel(client.attach(ref))).rejects.toMatchObject({ name: 'RelayError', code: 'not_found', ref })
  })

  test('answers each of a message for itself', async ({ client, shared, hub }) => {
    const [done, waiting] = [await client.async(double.new({ int: 2 })), await client.async(nobody.new())]
    await client.await(done)
    const unknown = double.new({ int: 1 })
    const raw = await shared.house.raw(hub, 'client')
    const cancels = [done, unknown, waiting].map(({ ref }) => ({ ref, codec: codecTag, reason: seal('each') }))
    expect(await raw.ask('cancel', { cancels })).toEqual([
      { ref: done.ref, type: 'finished', state: 'completed' },
      { ref: unknown.ref, type: 'not_found' },
      { ref: waiting.ref, type: 'cancelled', state: 'cancelled' },
    ])
  })
})

describe('a job’s timeout', () => {
  test('aborts its signal, and is an error that counts', async ({ client, shared }) => {
    const relay = await client.async(heed.new({ key: 'timed out', end: 'ok' }, { timeout: 200, maxAttempts: 2 }))
    expect(await client.await(relay)).toMatchObject({ error: { code: 'job_timeout', attempt: 1, state: 'retryable' } })
    expect(await shared.worker.aborted('timed out')).toMatchObject({ name: 'TimeoutError' })
    expect(await client.await(relay, { withRetries: true })).toMatchObject({ error: { code: 'job_timeout', attempt: 2, state: 'discarded' } })
    expect(await client.inspect(relay)).toMatchObject({ state: 'discarded', errors: [{ code: 'job_timeout' }, { code: 'job_timeout' }] })
  })
})

describe('a job that has ended and is reopened', () => {
  test('runs again under its ref and its alias, its outcomes go on, and who awaits it then gets the new end', async ({ client, shared, hub }) => {
    const operator = await shared.house.operator(hub)
    const options = { unique: {}, maxAttempts: 1 }
    const [relay, alias] = await client.asyncMany([
      hold.new({ key: 'reopened', value: 1 }, options),
      hold.new({ key: 'reopened', value: 1 }, options),
    ])
    const running: Relay = relay
    expect(await operator.retry(running)).toEqual(['unfinished'])
    shared.worker.release('reopened')
    const before = await client.await(relay)
    expect(before).toMatchObject({ type: 'ok', value: { attempt: 1 } })
    expect(await operator.retry(alias, double.new({ int: 1 }))).toEqual(['retried', 'not_found'])
    const again = { type: 'ok', value: { value: 1, attempt: 2, pid: shared.worker.pid } }
    await expect.poll(() => client.await(relay, { withRetries: true }), soon).toEqual(again)
    expect(await client.await(alias)).toEqual(again)
    expect(await client.inspect(relay)).toMatchObject({ state: 'completed', attempt: 2, maxAttempts: 2 })
    const raw = await shared.house.raw(hub, 'client')
    expect(await raw.ask('look', { refs: [{ ref: relay.ref, want: 'final' }] })).toMatchObject([{ outcome: { number: 2, attempt: 2, final: true } }])
  })

  test('cancelled or discarded, it may still complete', async ({ client, shared, hub }) => {
    const operator = await shared.house.operator(hub)
    const cancelled = await client.async(double.new({ int: 1 }, { queue: 'reopened later' }))
    await client.cancel(cancelled, { reason: 'by mistake' })
    const discarded = await client.async(fussy.new({ waits: [0] }, { maxAttempts: 1 }))
    expect(await client.await(discarded)).toMatchObject({ error: { state: 'discarded' } })
    expect(await operator.retry(cancelled, discarded)).toEqual(['retried', 'retried'])
    await shared.house.worker(hub, { 'reopened later': 1 })
    expect(await client.awaitMany([cancelled, discarded], { withRetries: true })).toEqual([
      { type: 'ok', value: 2 },
      { type: 'ok', value: 2 },
    ])
  })
})
