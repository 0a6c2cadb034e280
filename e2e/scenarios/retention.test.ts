import { describe } from 'vitest'
import { act, double, nobody } from '#e2e/harness/jobs.js'
import { test } from './test.js'

const soon = { timeout: 15_000, interval: 100 }

describe.concurrent('a job whose retention is over', () => {
  test('is expired for whoever awaits it, asks about it, cancels it, watches it or submits it again, also after a restart', async ({
    house,
    expect,
  }) => {
    const hub = await house.hub(['--retention', '1'])
    await house.worker(hub)
    const client = house.connect(hub)
    const job = double.new({ int: 2 })
    const relay = await client.async(job)
    const kept = await client.async(nobody.new())
    expect(await client.await(relay)).toEqual({ type: 'ok', value: 4 })
    const { finishedAt } = await client.inspect(relay)
    await expect.poll(() => client.await(relay), soon).toMatchObject({ type: 'error', error: { code: 'expired' } })
    expect(Date.now() - (finishedAt?.getTime() ?? 0)).toBeGreaterThanOrEqual(1_000)
    const gone = { name: 'RelayError', code: 'expired', ref: relay.ref }
    for (const _ of ['now', 'after a restart']) {
      expect(await client.await(relay, { timeout: Number.POSITIVE_INFINITY, withRetries: true })).toMatchObject({ error: { code: 'expired' } })
      expect(await client.await(client.attach(relay.ref), 0)).toMatchObject({ error: { code: 'expired' } })
      await expect(client.async(job)).rejects.toMatchObject(gone)
      await expect(client.inspect(relay)).rejects.toMatchObject(gone)
      await expect(client.cancel(relay)).rejects.toMatchObject(gone)
      await expect(client.watch(relay)[Symbol.asyncIterator]().next()).rejects.toMatchObject(gone)
      expect(await client.inspect(kept), 'what has not ended stays').toMatchObject({ state: 'available' })
      await hub.restart('SIGKILL')
      await client.inspect(kept)
    }
  })

  test('takes its aliases along, and makes room for another like it', async ({ house, expect }) => {
    const hub = await house.hub(['--retention', '1'])
    await house.worker(hub)
    const client = house.connect(hub)
    const fresh = () => act.new({ do: 'ok', value: 1 }, { unique: {} })
    const [own, alias] = await client.asyncMany([fresh(), fresh()])
    expect([own.conflict, alias.conflict]).toEqual([false, true])
    expect(await client.await(alias)).toEqual({ type: 'ok', value: 1 })
    for (const relay of [own, alias]) await expect.poll(() => client.await(relay), soon).toMatchObject({ error: { code: 'expired' } })
    expect((await client.async(fresh())).conflict).toBe(false)
  })

  test('is one of many: more than a batch of them are pruned while round trips go on', async ({ house, expect }) => {
    const hub = await house.hub(['--retention', '1'])
    await house.worker(hub, { default: 50 })
    const client = house.connect(hub)
    const relays = await client.asyncMany(Array.from({ length: 1_000 }, (_, int) => double.new({ int })))
    await client.awaitMany(relays, 30_000)
    const left = async () => {
      expect(await client.await(client.async(double.new({ int: 1 })))).toEqual({ type: 'ok', value: 2 })
      const results = await client.awaitMany(relays, { timeout: 5_000 })
      return results.filter((result) => result.type !== 'error').length
    }
    await expect.poll(left, { ...soon, timeout: 30_000 }).toBe(0)
    for (const result of await client.awaitMany(relays)) expect(result).toMatchObject({ error: { code: 'expired' } })
  })
})

describe.concurrent('a ref that never was', () => {
  test('is not_found, not expired', async ({ client, expect }) => {
    const { ref } = double.new({ int: 1 })
    expect(await client.await(client.attach(ref), { timeout: Number.POSITIVE_INFINITY })).toMatchObject({ error: { code: 'not_found' } })
    for (const ask of [client.inspect, client.cancel]) await expect(ask(client.attach(ref))).rejects.toMatchObject({ code: 'not_found', ref })
    await expect(client.watch(client.attach(ref))[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'not_found' })
  })
})
