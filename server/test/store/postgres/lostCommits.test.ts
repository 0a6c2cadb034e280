import { expect, test, vi } from 'vitest'
import { type Lookup, type Store, StoreUnavailable } from '#server/store/store.js'
import { aJob, aWish, cancel, claim, gives, insert, leaseOf, only, read, settlement, start, tenant } from '../conformance/harness.js'
import { openOverWire } from './openOverWire.js'

type Opened = Awaited<ReturnType<typeof openOverWire>>

/** Makes a call that claims this job, and loses the connection after the server has committed it and before it is answered. */
async function loseAnswer({ store, there, wire }: Opened, call: () => Promise<unknown>, lookup: Lookup): Promise<void> {
  // From here on there is a connection to lose.
  await store.read([])
  wire.swallow()
  const answer = call()
  answer.catch(() => {})
  await vi.waitFor(async () => expect(await read(there, lookup)).toMatchObject({ job: { state: 'executing' } }), { timeout: 5_000 })
  wire.cut()
  await expect(answer).rejects.toBeInstanceOf(StoreUnavailable)
}

const calls: Record<string, (store: Store, job: ReturnType<typeof aJob>) => Promise<() => Promise<unknown>>> = {
  'a claim': async (store, job) => {
    await insert(store, [job])
    return () => store.claim([aWish()])
  },
  'an insert that claims': async (store, job) => () => store.insert([{ tenant, job }], [aWish()]),
  'a settle that claims': async (store, job) => {
    const { lease } = await start(store, { name: 'before' })
    await insert(store, [job])
    return () => store.settle([settlement(lease, gives.ok)], [aWish({ limit: 3 })])
  },
}

test.each(Object.keys(calls))('what %s took is handed back when its answer is lost, and costs no attempt', async (name) => {
  const whole = await openOverWire()
  const { store, there } = whole
  const job = aJob()
  const lookup = { tenant, ref: job.ref }
  const call = await calls[name]?.(store, job)
  await loseAnswer(whole, call as () => Promise<unknown>, lookup)
  expect((await store.stage(10)).staged).toMatchObject([{ name: job.name, attempt: 0 }])
  expect(await read(there, lookup)).toMatchObject({ job: { state: 'available', attempt: 0 } })
  const again = only(await claim(there))
  expect(again).toMatchObject({ attempt: 1 })
  expect((await store.stage(10)).staged).toEqual([])
  expect((await there.settle([settlement(leaseOf(again), gives.ok)], [])).settled).toMatchObject([{ announcement: { state: 'completed' } }])
})

test('what was claimed by a call whose answer was lost, and is to be cancelled, is not handed back', async () => {
  const whole = await openOverWire()
  const { store, there } = whole
  const job = aJob()
  const lookup = { tenant, ref: job.ref }
  await insert(store, [job])
  await loseAnswer(whole, () => store.claim([aWish()]), lookup)
  expect(await cancel(there, lookup)).toMatchObject({ type: 'requested' })
  expect((await store.stage(10)).staged).toEqual([])
  expect(await read(there, lookup)).toMatchObject({ job: { state: 'executing', attempt: 1 } })
})
