import { mintLease, mintRef } from '@anchorleg/shared'
import { expect, test } from 'vitest'
import type { Signal } from '#server/notifier/notifier.js'
import { beginningOf, readPayload, writePayloads } from '#server/notifier/payloads.js'

const hub = 'one'

function carried(signals: readonly Signal[]): Signal[] {
  return writePayloads(hub, signals).flatMap((payload) => [...(readPayload(payload) ?? [])])
}

test.each<Signal>([
  { type: 'outcomes', jobs: [{ tenant: 'acme', refs: [mintRef(), mintRef()] }] },
  { type: 'reports', jobs: [{ tenant: 'ö "\u0000', refs: [mintRef()] }] },
  { type: 'moved', jobIds: ['1', '9007199254740991'] },
  { type: 'available', lanes: [{ queue: 'a b', name: 'n"\ud800' }, { queue: 'a b' }] },
  { type: 'cancels', leases: [{ jobId: '7', lease: mintLease() }] },
  { type: 'lost', leases: [{ jobId: '7', lease: mintLease() }], silent: true },
  { type: 'lost', leases: [{ jobId: '8', lease: mintLease() }], silent: false },
  { type: 'serving', services: [{ queue: 'q', names: ['a', 'b'] }] },
  { type: 'serving', services: [{ tenant: 'acme', queue: 'q', names: ['a', 'b'] }] },
  { type: 'recount' },
  { type: 'queues' },
  { type: 'gap' },
])('a signal arrives as it was sent: $type', (signal) => {
  expect(carried([signal])).toEqual([signal])
  expect(writePayloads(hub, [signal])[0]?.startsWith(`${beginningOf(hub)},`)).toBe(true)
})

test('what is said twice goes once, and signals of one turn go together', () => {
  const ref = mintRef()
  const outcome: Signal = { type: 'outcomes', jobs: [{ tenant: 't', refs: [ref] }] }
  expect(writePayloads(hub, [outcome, { type: 'queues' }, outcome, { type: 'queues' }])).toHaveLength(1)
  expect(carried([outcome, { type: 'queues' }, outcome])).toEqual([outcome, { type: 'queues' }])
})

test('ten thousand refs fit into payloads of less than 8,000 bytes, 300 each at least', () => {
  const refs = Array.from({ length: 10_000 }, () => mintRef())
  const payloads = writePayloads(hub, [{ type: 'outcomes', jobs: [{ tenant: 'default', refs }] }])
  expect(Math.max(...payloads.map((payload) => Buffer.byteLength(payload)))).toBeLessThan(8_000)
  expect(payloads.length).toBeLessThan(10_000 / 300)
  const arrived = payloads.flatMap((payload) => readPayload(payload) ?? []).flatMap((each) => (each.type === 'outcomes' ? each.jobs : []))
  expect(arrived.flatMap((job) => job.refs)).toEqual(refs)
})

test('what fits into no payload has everything read again', () => {
  const jobs = [{ tenant: 'é'.repeat(8_000), refs: [mintRef()] }]
  expect(carried([{ type: 'outcomes', jobs }, { type: 'queues' }])).toEqual([{ type: 'gap' }, { type: 'queues' }])
})

test.each(['', 'hello', '{}', '[]', '[1]', '["x",["z"]]', '["x",["o","t","short"]]', '["x",["c","7"]]', '["x",[]]', '["x",["m",7]]', 'null'])(
  'what no hub wrote cannot be read: %j',
  (payload) => {
    expect(readPayload(payload)).toBeUndefined()
  },
)
