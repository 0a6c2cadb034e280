import { describe } from 'vitest'
import { busy, double, hold } from '#e2e/harness/jobs.js'
import { test } from './test.js'

const soon = { timeout: 10_000, interval: 50 }

/** The long way is for who has a minute and a half: it outlasts the pings of the worker's own connection. */
const busySpells = [{ ms: 8_000, flags: ['--lease', '2000'] }, ...(process.env.ANCHORLEG_LONG_TESTS ? [{ ms: 60_000, flags: [] }] : [])]

// One at a time: each takes a processor for itself.
describe('a handler that computes without a pause', () => {
  for (const { ms, flags } of busySpells) {
    test(`for ${ms} ms keeps its lease, and its one attempt completes (${flags.join(' ') || 'default lease'})`, { timeout: ms + 60_000 }, async ({
      house,
      expect,
    }) => {
      const hub = await house.hub(flags)
      const worker = await house.worker(hub)
      const client = house.connect(hub)
      const relay = await client.async(busy.new({ key: 'busy', ms }))
      await worker.started('busy')
      const idle = await house.worker(hub)
      expect(await client.await(relay, ms + 30_000)).toEqual({ type: 'ok', value: 1 })
      expect([worker.starts('busy'), idle.starts('busy')]).toEqual([1, 0])
      expect(hub.program.lines(({ msg, code }) => msg === 'job.outcome' && code === 'crashed')).toEqual([])
    })
  }

  test('past its timeout loses its lease, though its thread goes on renewing others’', async ({ house, expect }) => {
    const hub = await house.hub(['--lease', '2500'])
    const worker = await house.worker(hub)
    const client = house.connect(hub)
    const other = await client.async(hold.new({ key: 'beside', value: 1 }))
    await worker.started('beside')
    const stuck = await client.async(busy.new({ key: 'stuck', ms: 8_000 }, { timeout: 500, maxAttempts: 1 }))
    await worker.started('stuck')
    const began = performance.now()
    expect(await client.await(stuck, 30_000)).toMatchObject({ error: { code: 'crashed', attempt: 1, state: 'discarded' } })
    expect(performance.now() - began).toBeLessThan(7_000)
    await worker.finished('stuck')
    worker.release('beside')
    expect(await client.await(other, 10_000)).toEqual({ type: 'ok', value: { value: 1, attempt: 1, pid: worker.pid } })
    expect(await client.await(stuck)).toMatchObject({ error: { code: 'crashed', attempt: 1 } })
  })

  test('past its timeout, and alone, costs its worker nothing more: it is given jobs again as soon as it is free', async ({ house, expect }) => {
    const hub = await house.hub(['--lease', '1000'])
    const worker = await house.worker(hub, { default: 1 })
    const client = house.connect(hub)
    const stuck = await client.async(busy.new({ key: 'alone', ms: 4_000 }, { timeout: 300, maxAttempts: 1 }))
    expect(await client.await(stuck, 30_000)).toMatchObject({ error: { code: 'crashed', attempt: 1, state: 'discarded' } })
    await worker.finished('alone')
    expect(await client.await(client.async(double.new({ int: 2 })), 5_000)).toEqual({ type: 'ok', value: 4 })
  })
})

describe.concurrent('a worker that is frozen', () => {
  test('for less than its lease keeps its job', async ({ house, expect }) => {
    const hub = await house.hub(['--lease', '6000'])
    const worker = await house.worker(hub)
    const client = house.connect(hub)
    const relay = await client.async(hold.new({ key: 'nap', value: 1 }))
    await worker.started('nap')
    worker.program.signal('SIGSTOP')
    expect(await client.await(relay, 2_000)).toMatchObject({ error: { code: 'timeout', waiting: 'running' } })
    worker.program.signal('SIGCONT')
    worker.release('nap')
    expect(await client.await(relay, 10_000)).toEqual({ type: 'ok', value: { value: 1, attempt: 1, pid: worker.pid } })
  })
})

describe.concurrent('a hub that was frozen itself for longer than a lease', () => {
  test('expires nothing for one lease: a worker that is heard again in it keeps its job', async ({ house, expect }) => {
    const hub = await house.hub(['--lease', '3000'])
    const worker = await house.worker(hub)
    const client = house.connect(hub)
    const relay = await client.async(hold.new({ key: 'froze', value: 1 }))
    await worker.started('froze')
    hub.program.signal('SIGSTOP')
    worker.program.signal('SIGSTOP')
    const patient = house.connect({ url: hub.url })
    expect(await patient.await(relay, 5_000)).toMatchObject({ error: { code: 'timeout', waiting: 'disconnected' } })
    hub.program.signal('SIGCONT')
    // Two of its looks at the leases fit in here.
    expect(await client.await(relay, 1_200)).toMatchObject({ error: { code: 'timeout' } })
    worker.program.signal('SIGCONT')
    await expect.poll(() => client.inspect(relay), soon).toMatchObject({ state: 'executing', attempt: 1, errors: [] })
    worker.release('froze')
    expect(await client.await(relay, 10_000)).toEqual({ type: 'ok', value: { value: 1, attempt: 1, pid: worker.pid } })
  })

  test('takes the job of a worker that died meanwhile after that', async ({ house, expect }) => {
    const hub = await house.hub(['--lease', '2000'])
    const doomed = await house.worker(hub)
    const client = house.connect(hub)
    const relay = await client.async(hold.new({ key: 'died', value: 1 }))
    await doomed.started('died')
    hub.program.signal('SIGSTOP')
    await doomed.program.stop('SIGKILL')
    const patient = house.connect({ url: hub.url })
    expect(await patient.await(relay, 3_000)).toMatchObject({ error: { code: 'timeout', waiting: 'disconnected' } })
    const thawed = performance.now()
    hub.program.signal('SIGCONT')
    expect(await client.await(relay, 20_000)).toMatchObject({ error: { code: 'crashed', attempt: 1 } })
    expect(performance.now() - thawed).toBeGreaterThan(1_500)
    const heir = await house.worker(hub)
    heir.release('died')
    expect(await client.await(relay, { withRetries: true, timeout: 10_000 })).toMatchObject({ type: 'ok', value: { attempt: 2, pid: heir.pid } })
  })
})

describe.concurrent('a hub that was away for longer than a lease', () => {
  test('finds its worker’s job where it was', async ({ house, expect }) => {
    const hub = await house.hub(['--lease', '4000'])
    const worker = await house.worker(hub)
    const client = house.connect(hub)
    const relay = await client.async(hold.new({ key: 'long gone', value: 1 }))
    await worker.started('long gone')
    await hub.stop('SIGKILL')
    expect(await client.await(relay, 4_500)).toMatchObject({ error: { code: 'timeout', waiting: 'disconnected' } })
    await hub.start()
    await hub.program.line(({ msg, held, lost }) => msg === 'worker.registered' && held === 1 && lost === 0)
    worker.release('long gone')
    expect(await client.await(relay, 20_000)).toEqual({ type: 'ok', value: { value: 1, attempt: 1, pid: worker.pid } })
    expect(await client.await(client.async(double.new({ int: 1 })))).toEqual({ type: 'ok', value: 2 })
  })
})
