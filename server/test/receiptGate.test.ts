import { type Assignment, mintRef } from '@anchorleg/shared'
import type { Socket } from 'socket.io-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHub, type Hub } from '#server/index.js'
import { rawPeer } from './rawPeer.js'

let hub: Hub

beforeAll(async () => {
  hub = await createHub({ store: 'memory:', port: 0, logLevel: 'silent' }).listen()
})
afterAll(() => hub.close())

const next = <T>(socket: Socket, event: string) => new Promise<T>((resolve) => socket.once(event, resolve))

/** A worker with one slot for jobs of a name, the jobs it was sent, and what acknowledges each message with them. */
async function join(name: string) {
  const socket = await rawPeer(hub, '/worker')
  const got: { assignment: Assignment; acknowledge: () => void }[] = []
  let wake = () => {}
  socket.on('perform', (assignments: Assignment[], acknowledge: () => void) => {
    for (const assignment of assignments) got.push({ assignment, acknowledge })
    wake()
  })
  await socket.emitWithAck('register', { names: [name], queues: { default: 1 }, held: [] })
  const nth = async (n: number) => {
    while (got.length < n) await new Promise<void>((resolve) => (wake = resolve))
    return got[n - 1] as (typeof got)[number]
  }
  return { socket, got, nth }
}

const leaseOf = ({ jobId, lease }: Assignment) => ({ jobId, lease })
const ok = { type: 'ok', codec: 'd6', value: '[1]' }

async function caller() {
  const socket = await rawPeer(hub, '/client')
  const name = `received-${mintRef()}`
  const submit = async () => {
    const job = { ref: mintRef(), name, codec: 'd6', args: '[1]' }
    await socket.emitWithAck('submit', { jobs: [job] })
    return job.ref
  }
  const look = async (ref: string) => (await socket.emitWithAck('look', { refs: [{ ref, want: 'any' }] })).ok[0]
  return { socket, name, submit, look }
}

test('a job that its worker does not acknowledge goes to another, though the first says other things and its leases are renewed', async () => {
  const { name, submit, look } = await caller()
  const [first, beside] = [await join(name), await rawPeer(hub, '/worker')]
  const ref = await submit()
  const { assignment, acknowledge } = await first.nth(1)
  const lost = next<object[]>(first.socket, 'lost')
  const second = await join(name)
  const renewing = setInterval(() => {
    for (const socket of [first.socket, beside]) socket.emit('renew', { leases: [leaseOf(assignment)] }, () => {})
  }, 50)
  const { assignment: again, ...heir } = await second.nth(1)
  clearInterval(renewing)
  heir.acknowledge()
  expect(again).toMatchObject({ jobId: assignment.jobId, attempt: 1 })
  expect(await lost).toEqual([leaseOf(assignment)])
  expect(await first.socket.emitWithAck('settle', { settlements: [{ ...leaseOf(assignment), outcome: ok }] })).toEqual({ ok: ['stale'] })
  expect(await second.socket.emitWithAck('settle', { settlements: [{ ...leaseOf(again), outcome: ok }] })).toEqual({ ok: ['settled'] })
  expect(await look(ref)).toMatchObject({ type: 'outcome', outcome: { number: 1, attempt: 1, type: 'ok' } })
  second.socket.disconnect()
  const further = await submit()
  await expect.poll(() => look(further)).toMatchObject({ type: 'pending', waiting: 'no_worker' })
  expect(first.got).toHaveLength(1)
  acknowledge()
  expect((await first.nth(2)).assignment).toMatchObject({ attempt: 1 })
})

test('a worker that acknowledges what it is sent keeps it, for as long as it likes', async () => {
  const { name, submit, look } = await caller()
  const first = await join(name)
  const ref = await submit()
  ;(await first.nth(1)).acknowledge()
  // One that does not acknowledge shows when the first one's time would have been over.
  const second = await join(name)
  const lost = next(second.socket, 'lost')
  await submit()
  await lost
  expect(await look(ref)).toMatchObject({ type: 'pending', state: 'executing' })
  expect(first.got).toHaveLength(1)
})

test('a worker whose connection closes before it has acknowledged keeps the job when it comes back with it', async () => {
  const { name, submit, look } = await caller()
  const first = await join(name)
  const ref = await submit()
  const { assignment } = await first.nth(1)
  first.socket.disconnect()
  const back = await rawPeer(hub, '/worker')
  const register = { names: [], queues: {}, held: [leaseOf(assignment)] }
  expect(await back.emitWithAck('register', register)).toMatchObject({ ok: { held: [true] } })
  expect(await back.emitWithAck('settle', { settlements: [{ ...leaseOf(assignment), outcome: ok }] })).toEqual({ ok: ['settled'] })
  expect(await look(ref)).toMatchObject({ type: 'outcome', outcome: { number: 1, type: 'ok' } })
})

test('a job that was to be cancelled is not given to another: whoever awaits it gets the cancellation', async () => {
  const { socket, name, submit } = await caller()
  const first = await join(name)
  const ref = await submit()
  const { assignment } = await first.nth(1)
  const second = await join(name)
  const outcomes = next<object[]>(socket, 'outcomes')
  await socket.emitWithAck('attach', { refs: [{ ref, want: 'final' }] })
  await socket.emitWithAck('cancel', { cancels: [{ ref, codec: 'd6', reason: '["enough"]' }] })
  expect(await outcomes).toMatchObject([{ ref, outcome: { type: 'cancel', attempt: 1, value: '["enough"]' } }])
  expect(await first.socket.emitWithAck('settle', { settlements: [{ ...leaseOf(assignment), outcome: ok }] })).toEqual({ ok: ['stale'] })
  expect(second.got).toEqual([])
})
