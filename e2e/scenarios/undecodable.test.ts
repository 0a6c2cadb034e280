import { codecTag } from '@anchorleg/shared'
import { describe, expect } from 'vitest'
import type { House } from '#e2e/harness/house.js'
import type { HubProcess } from '#e2e/harness/hubProcess.js'
import { double, nobody } from '#e2e/harness/jobs.js'
import { test } from './test.js'

/** What devalue writes of a Map would be `[["Map",1,2],…]`; these are other things. */
const unreadable = {
  'a codec this caller does not know': { codec: 'x99', value: '[1]' },
  'text that is no JSON': { codec: codecTag, value: '{"a":' },
  'a reference to nothing': { codec: codecTag, value: '[{"a":99}]' },
  'a kind of value that there is not': { codec: codecTag, value: '[["Constructor",1],"return process"]' },
  'the key __proto__': { codec: codecTag, value: '[{"__proto__":1},{"polluted":2},true]' },
  'an array of a billion holes': { codec: codecTag, value: '[[-7,1000000000]]' },
  'an integer of a million digits': { codec: codecTag, value: `[["BigInt","${'7'.repeat(1_000_000)}"]]` },
  'a regular expression that takes a minute to understand': { codec: codecTag, value: `[["RegExp","${'\\\\p{RGI_Emoji}'.repeat(50_000)}","v"]]` },
  'a host that takes quadratic time to translate': { codec: codecTag, value: `[["URL","http://${'一'.repeat(300_000)}/"]]` },
  'more levels than a stack has': { codec: codecTag, value: `[${Array.from({ length: 100_000 }, (_, i) => `[${i + 1}]`).join(',')},1]` },
}

let queues = 0

/** Submits a job, and has a worker that speaks the protocol by hand settle it with this outcome. */
async function settleWith(house: House, hub: HubProcess, outcome: object): Promise<{ ref: string; verdicts: string[] }> {
  const queue = `by hand ${queues++}`
  const caller = house.connect(hub)
  const { ref } = await caller.async(nobody.new(undefined, { queue }))
  const worker = await house.raw(hub, 'worker')
  const { jobId, lease } = await worker.takeJob('nobody', queue)
  const verdicts = await worker.ask<string[]>('settle', { settlements: [{ jobId, lease, outcome }] })
  worker.close()
  return { ref, verdicts }
}

describe('what a caller cannot decode', () => {
  for (const [what, sealed] of Object.entries(unreadable)) {
    test(`is undecodable: ${what}`, async ({ client, shared, hub }) => {
      const { ref, verdicts } = await settleWith(shared.house, hub, { type: 'ok', ...sealed })
      expect(verdicts).toEqual(['settled'])
      expect(await client.await(client.attach(ref))).toMatchObject({ type: 'error', error: { code: 'undecodable', message: expect.any(String) } })
      expect({}).not.toHaveProperty('polluted')
    })
  }

  test('is undecodable as the reason of a cancel, and an unreadable trace is only left out', async ({ client, shared, hub }) => {
    const cancelled = await settleWith(shared.house, hub, { type: 'cancel', codec: 'x99', value: '1' })
    expect(await client.await(client.attach(cancelled.ref))).toMatchObject({ error: { code: 'undecodable' } })
    const thrown = { type: 'error', code: 'exception', name: 'Oops', message: 'it broke', codec: codecTag, trace: 'not a trace' }
    const { ref } = await settleWith(shared.house, hub, thrown)
    expect(await client.await(client.attach(ref))).toMatchObject({ error: { code: 'exception', name: 'Oops', message: 'it broke' } })
  })

  test('hurts neither its neighbours nor the connection it comes by', async ({ client, shared, hub }) => {
    const { ref } = await settleWith(shared.house, hub, { type: 'ok', codec: 'x99', value: '1' })
    let drops = 0
    const off = client.on('disconnect', () => drops++)
    const results = await client.awaitMany([client.attach(ref), client.async(double.new({ int: 2 }))])
    expect(results).toMatchObject([{ error: { code: 'undecodable' } }, { type: 'ok', value: 4 }])
    expect(drops).toBe(0)
    off()
  })
})

describe('args that a worker cannot decode', () => {
  test('are invalid_args, and the worker goes on', async ({ client, shared, hub }) => {
    const hostile = await shared.house.raw(hub, 'client')
    for (const sealed of Object.values(unreadable)) {
      const { ref, name } = double.new({ int: 1 })
      await hostile.ask('submit', { jobs: [{ ref, name, codec: sealed.codec, args: sealed.value }] })
      expect(await client.await(client.attach(ref))).toMatchObject({ error: { code: 'invalid_args', state: 'discarded' } })
    }
    expect(await client.await(client.async(double.new({ int: 5 })))).toEqual({ type: 'ok', value: 10 })
  })
})
