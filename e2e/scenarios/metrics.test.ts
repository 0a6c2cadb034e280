import { codecTag, seal } from '@anchorleg/shared'
import { describe, expect } from 'vitest'
import { act, double, fussy, hold, nap, nobody } from '#e2e/harness/jobs.js'
import { test } from './test.js'

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Reads a hub's metrics, strictly: a line that is not as Prometheus' text format has it throws. */
async function scrape(hub: { url: string }): Promise<Sample[]> {
  const response = await fetch(`${hub.url}/metrics`)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('# '))
  return lines.map((line) => {
    const [, name, inner = '', value] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\+Inf|nan|[0-9.e+-]+)$/i.exec(line) ?? []
    if (!name) throw new Error(`not a sample: ${line}`)
    const labels = [...inner.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)",?/g)].map(([, key, text]) => [key, text])
    return { name, labels: Object.fromEntries(labels), value: Number(value) }
  })
}

/** The sum of a metric's samples with these labels. */
function sum(samples: readonly Sample[], name: string, labels: Record<string, string> = {}): number {
  const own = samples.filter(
    (sample) => sample.name === `anchorleg_${name}` && Object.entries(labels).every(([key, text]) => sample.labels[key] === text),
  )
  expect(own.length, `samples of ${name} ${JSON.stringify(labels)}`).toBeGreaterThan(0)
  return own.reduce((total, { value }) => total + value, 0)
}

describe('a hub’s metrics', () => {
  test('count outcomes, refusals and stale settlements, and measure waits, runs, commits, depths and connections', async ({ house }) => {
    const hub = await house.hub()
    const worker = await house.worker(hub, { default: 10, 'second queue': 1 })
    const client = house.connect(hub)
    await client.awaitMany(await client.asyncMany([1, 2, 3].map((int) => double.new({ int }))))
    await client.await(client.async(double.new({ int: 4 }, { queue: 'second queue' })))
    for (const how of ['cancel', 'discard', 'throw'] as const) await client.await(client.async(act.new({ do: how, value: 1 } as never)))
    await client.await(client.async(fussy.new({ waits: [0] })), { withRetries: true })
    await client.await(client.async(nap.new({ times: 1 })), { withRetries: true })
    const taken = double.new({ int: 5 })
    await client.async(taken)
    await client.async(double.new({ int: 6 }, { ref: taken.ref })).catch(() => {})
    await client.await(client.attach(taken.ref))
    const raw = await house.raw(hub, 'worker')
    await raw.ask('register', { names: [], queues: {}, held: [] })
    await raw.ask('settle', { settlements: [{ jobId: '1', lease: '0'.repeat(32), outcome: { type: 'ok', codec: codecTag, value: seal(1) } }] })
    await client.async(hold.new({ key: 'deep' }))
    await worker.started('deep')
    await client.asyncMany([nobody.new(), nobody.new(), nobody.new(undefined, { scheduleIn: 3_600 })])
    const awaited = client.await(await client.async(nobody.new()), 20_000)
    await expect.poll(async () => sum(await scrape(hub), 'awaited_refs')).toBe(1)

    const samples = await scrape(hub)
    const outcomes = (labels: Record<string, string>) => sum(samples, 'outcomes_total', labels)
    expect(outcomes({ type: 'ok', code: '', queue: 'default' })).toBe(6)
    expect(outcomes({ type: 'ok', queue: 'second queue' })).toBe(1)
    for (const type of ['cancel', 'discard', 'snooze']) expect(outcomes({ type, queue: 'default' })).toBe(1)
    expect(outcomes({ type: 'error', code: 'exception' })).toBe(1)
    expect(outcomes({ type: 'error', code: 'failed' })).toBe(1)
    expect(sum(samples, 'jobs_inserted_total')).toBe(15)
    expect(sum(samples, 'refusals_total', { code: 'ref_conflict' })).toBe(1)
    expect(sum(samples, 'stale_settlements_total')).toBe(1)
    expect(sum(samples, 'job_run_seconds_count')).toBe(12)
    expect(sum(samples, 'job_wait_seconds_count')).toBe(13)
    expect(sum(samples, 'job_run_seconds_sum')).toBeGreaterThan(0)
    expect(sum(samples, 'store_commit_seconds_count')).toBeGreaterThan(0)
    expect(sum(samples, 'store_commit_seconds_sum')).toBeGreaterThan(0)
    expect(sum(samples, 'store_commit_entries_count')).toBe(sum(samples, 'store_commit_seconds_count'))
    expect(sum(samples, 'leases')).toBe(1)
    expect(sum(samples, 'connections', { role: 'client' })).toBe(1)
    expect(sum(samples, 'connections', { role: 'worker' })).toBeGreaterThanOrEqual(2)
    expect(samples.some(({ name }) => name.startsWith('nodejs_eventloop_lag'))).toBe(true)
    await client.close()
    expect(await awaited).toMatchObject({ error: { code: 'closed' } })
    await expect.poll(async () => sum(await scrape(hub), 'connections', { role: 'client' })).toBe(0)
    expect(sum(await scrape(hub), 'awaited_refs')).toBe(0)
  })

  test('tell how deep the queues are, by state', async ({ house }) => {
    const hub = await house.hub()
    const client = house.connect(hub)
    await client.asyncMany([nobody.new(), nobody.new(), nobody.new(undefined, { scheduleIn: 60 }), nobody.new(undefined, { queue: 'other' })])
    const depth = (samples: Sample[]) =>
      samples.filter(({ name }) => name === 'anchorleg_queue_depth').map(({ labels, value }) => [labels.queue, labels.state, value].join(' '))
    expect(depth(await scrape(hub)).toSorted()).toEqual(['default available 2', 'default scheduled 1', 'other available 1'])
  })

  test('label the first hundred queues they meet, and put all others together', async ({ house }) => {
    const hub = await house.hub()
    const client = house.connect(hub)
    await client.asyncMany(Array.from({ length: 150 }, (_, i) => nobody.new(undefined, { queue: `queue ${i}` })))
    const samples = await scrape(hub)
    for (const name of ['jobs_inserted_total', 'queue_depth']) {
      const own = samples.filter((sample) => sample.name === `anchorleg_${name}`)
      expect(own).toHaveLength(101)
      expect(sum(samples, name, { queue: 'queue 0' })).toBe(1)
      expect(sum(samples, name, { queue: 'other' })).toBe(50)
    }
  })

  test('name no job and no ref, whatever happens, and nothing else that has no end', async ({ house }) => {
    const hub = await house.hub()
    await house.worker(hub)
    const client = house.connect(hub)
    const relays = await client.asyncMany([double.new({ int: 1 }), act.new({ do: 'throw' }), nobody.new()])
    await client.awaitMany(relays, 1_000)
    const samples = await scrape(hub)
    const own = samples.filter(({ name }) => name.startsWith('anchorleg_'))
    const keys = new Set(own.flatMap(({ labels }) => Object.keys(labels)))
    expect([...keys].toSorted()).toEqual(['code', 'le', 'queue', 'role', 'state', 'type'])
    const texts = samples.flatMap(({ labels }) => Object.values(labels))
    for (const secret of [...relays.map(({ ref }) => ref), 'double', 'act', 'nobody', 'it broke']) expect(texts).not.toContain(secret)
  })
})
