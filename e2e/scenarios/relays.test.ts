import { describe, expect } from 'vitest'
import { act, double, hold } from '#e2e/harness/jobs.js'
import { test } from './test.js'

describe('a relay', () => {
  test('is awaited elsewhere by its ref, its JSON or itself', async ({ client, shared, hub }) => {
    const elsewhere = shared.house.connect(hub)
    const relay = await client.async(double.new({ int: 21 }))
    const carried = JSON.parse(JSON.stringify(relay))
    for (const from of [relay.ref, carried, relay]) {
      expect(await elsewhere.await(elsewhere.attach(from, double))).toEqual({ type: 'ok', value: 42 })
    }
    expect(await elsewhere.await(carried)).toEqual({ type: 'ok', value: 42 })
  })

  test('is awaited in another process', async ({ client, shared, hub }) => {
    const relay = await client.async(double.new({ int: 11 }))
    const other = shared.house.awaiter(hub, relay.ref)
    expect(await other.line(({ msg }) => msg === 'awaited')).toMatchObject({ result: { type: 'ok', value: 22 } })
    expect(await other.ended).toEqual({ code: 0, signal: null })
  })

  test('outlives the client that submitted it', async ({ client, shared, hub }) => {
    const brief = shared.house.connect(hub)
    const { ref } = await brief.async(hold.new({ key: 'orphan', value: 'kept' }))
    await brief.close()
    await shared.worker.started('orphan')
    shared.worker.release('orphan')
    expect(await client.await(client.attach(ref, hold))).toMatchObject({ type: 'ok', value: { value: 'kept' } })
  })

  test('of a ref that nobody submitted is not_found', async ({ client }) => {
    const { ref } = double.new({ int: 1 })
    expect(await client.await(client.attach(ref))).toMatchObject({ type: 'error', error: { code: 'not_found' } })
  })

  test('pending when the client closes is closed, and aborted when its signal aborts', async ({ client, shared, hub }) => {
    const other = shared.house.connect(hub)
    const relay = await client.async(hold.new({ key: 'left' }))
    await shared.worker.started('left')
    const controller = new AbortController()
    const [closed, aborted] = [other.await(relay), client.await(relay, { signal: controller.signal })]
    await other.ready
    await other.close()
    controller.abort()
    expect(await closed).toMatchObject({ type: 'error', error: { code: 'closed' } })
    expect(await aborted).toMatchObject({ type: 'error', error: { code: 'aborted' } })
    shared.worker.release('left')
    expect(await client.await(relay)).toMatchObject({ type: 'ok', value: { attempt: 1 } })
  })

  test('gives each awaiter a value of its own', async ({ client }) => {
    const relay = await client.async(act.new({ do: 'value', value: { list: [1] } }))
    const first = await client.await(relay)
    if (first.type === 'ok') first.value.list.push(2)
    expect(await client.await(relay)).toEqual({ type: 'ok', value: { list: [1] } })
  })
})

describe('jobs submitted together', () => {
  test('give relays in their order', async ({ client }) => {
    const relays = await client.asyncMany([double.new({ int: 1 }), act.new({ do: 'value', value: 'b' }), double.new({ int: 3 })])
    expect(await client.awaitMany(relays)).toEqual([
      { type: 'ok', value: 2 },
      { type: 'ok', value: 'b' },
      { type: 'ok', value: 6 },
    ])
  })

  test('are stored all or none: one invalid', async ({ client }) => {
    const jobs = [double.new({ int: 1 }), double.new({ int: 'x' as never })]
    await expect(client.asyncMany(jobs)).rejects.toMatchObject({ code: 'invalid_job' })
    for (const { ref } of jobs) expect(await client.await(client.attach(ref))).toMatchObject({ error: { code: 'not_found' } })
  })

  test('are stored all or none: one that conflicts with a stored one', async ({ client }) => {
    const stored = double.new({ int: 1 })
    await client.async(stored)
    const jobs = [double.new({ int: 2 }), double.new({ int: 9 }, { ref: stored.ref })]
    await expect(client.asyncMany(jobs)).rejects.toMatchObject({ code: 'ref_conflict', ref: jobs[1]?.ref })
    expect(await client.await(client.attach(jobs[0]?.ref ?? ''))).toMatchObject({ error: { code: 'not_found' } })
  })
})
