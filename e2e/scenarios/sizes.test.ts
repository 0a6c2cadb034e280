import { byteLength, seal } from '@anchorleg/shared'
import { describe, expect } from 'vitest'
import type { House } from '#e2e/harness/house.js'
import { act } from '#e2e/harness/jobs.js'
import { test } from './test.js'

const limit = 4_096

async function small(house: House) {
  const hub = await house.hub(['--args-limit', String(limit), '--result-limit', String(limit)])
  const worker = await house.worker(hub)
  const client = house.connect(hub)
  await client.ready
  return { hub, worker, client }
}

/** Args that take exactly so many bytes encoded, most of them of this text. */
function argsOf(bytes: number, text = 'x') {
  const room = bytes - byteLength(seal({ do: 'ok', value: '' }))
  const count = Math.floor(room / byteLength(text))
  return { do: 'ok', value: text.repeat(count) + 'x'.repeat(room - count * byteLength(text)) } as const
}

describe('a result', () => {
  test('of exactly the limit passes, and one of a byte more is result_too_large and final', async ({ house }) => {
    const { client } = await small(house)
    const atLimit = await client.await(client.async(act.new({ do: 'bytes', bytes: limit })))
    expect(atLimit).toMatchObject({ type: 'ok' })
    expect(byteLength(seal((atLimit as { value: unknown }).value))).toBe(limit)
    const relay = await client.async(act.new({ do: 'bytes', bytes: limit + 1 }))
    const tooLarge = await client.await(relay, { withRetries: true, timeout: 10_000 })
    expect(tooLarge).toMatchObject({ type: 'error', error: { code: 'result_too_large', attempt: 1, state: 'discarded' } })
    expect(await client.await(relay)).toEqual(tooLarge)
  })

  test('that is too large is not sent: its worker stays connected', async ({ house }) => {
    const { hub, client } = await small(house)
    const relays = await client.asyncMany([100, 10, 1].map((times) => act.new({ do: 'bytes', bytes: times * limit + 1 })))
    for (const result of await client.awaitMany(relays)) expect(result).toMatchObject({ error: { code: 'result_too_large' } })
    expect(await client.await(client.async(act.new({ do: 'value', value: 1 })))).toEqual({ type: 'ok', value: 1 })
    expect(hub.program.lines(({ msg }) => msg === 'peer.disconnected')).toEqual([])
  })

  test('of the default limit, 1 MiB, passes', async ({ client }) => {
    const result = await client.await(client.async(act.new({ do: 'bytes', bytes: 1_048_576 })))
    expect(result).toMatchObject({ type: 'ok' })
    const beyond = await client.await(client.async(act.new({ do: 'bytes', bytes: 1_048_577 })))
    expect(beyond).toMatchObject({ error: { code: 'result_too_large' } })
  })
})

describe('args', () => {
  for (const [kind, text] of [
    ['letters', 'x'],
    ['characters of more bytes', '漢'],
    ['characters that a frame must escape', '"'],
  ] as const) {
    test(`of exactly the limit pass, and a byte more is payload_too_large: ${kind}`, async ({ house }) => {
      const { client } = await small(house)
      const fitting = text === '"' ? ({ do: 'ok', value: '"'.repeat(limit / 2 - 32) } as const) : argsOf(limit, text)
      expect(await client.await(client.async(act.new(fitting)))).toEqual({ type: 'ok', value: fitting.value })
      const beyond = act.new(argsOf(limit + 1, text === '"' ? 'x' : text))
      await expect(client.async(beyond)).rejects.toMatchObject({ code: 'payload_too_large', ref: beyond.ref })
    })
  }

  test('over the limit are refused before they are sent: the hub hears nothing and stays', async ({ house }) => {
    const { hub, client } = await small(house)
    let drops = 0
    client.on('disconnect', () => drops++)
    const jobs = [act.new(argsOf(100 * limit)), act.new(argsOf(10_000 * limit))]
    for (const job of jobs) await expect(client.async(job)).rejects.toMatchObject({ code: 'payload_too_large' })
    for (const { ref } of jobs) expect(await client.await(client.attach(ref))).toMatchObject({ error: { code: 'not_found' } })
    expect(await client.await(client.async(act.new({ do: 'value', value: 1 })))).toEqual({ type: 'ok', value: 1 })
    expect(hub.program.lines(({ msg }) => msg === 'message.refused' || msg === 'job.refused')).toEqual([])
    expect(drops).toBe(0)
  })

  test('of the default limit pass many at a time, in as many frames as they need', async ({ client }) => {
    const values = Array.from({ length: 8 }, () => argsOf(1_048_576).value)
    const relays = await Promise.all(values.map((value) => client.async(act.new({ do: 'ok', value }))))
    const results = await client.awaitMany(relays, 30_000)
    expect(results.map((result) => (result.type === 'ok' ? byteLength(seal({ do: 'ok', value: result.value })) : result))).toEqual(
      Array(8).fill(1_048_576),
    )
  })

  test('of jobs together that no one frame takes are payload_too_large', async ({ client }) => {
    const jobs = Array.from({ length: 8 }, () => act.new(argsOf(1_048_576)))
    await expect(client.asyncMany(jobs)).rejects.toMatchObject({ code: 'payload_too_large' })
    for (const { ref } of jobs) expect(await client.await(client.attach(ref))).toMatchObject({ error: { code: 'not_found' } })
  })
})
