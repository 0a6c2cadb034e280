import { codecTag, seal } from '@anchorleg/shared'
import { expect, test } from 'vitest'
import { defineJob } from '#client/index.js'
import { CancelError, cancel } from '#client/worker/index.js'
import { assignment, leaseOf } from '../support/assignment.js'
import { ScriptedHub } from '../support/scriptedHub.js'
import { heldHandler, settlements, wellHub, work } from '../support/workerScripts.js'

const job = defineJob({ name: 'job' })

/** Runs one job whose handler the test sees. */
async function run(hub: ScriptedHub) {
  const { handler, started } = heldHandler()
  const worker = work(hub, [job.perform(handler)])
  await worker.ready
  const sent = assignment(1)
  hub.socket.emit('perform', [sent])
  const running = await started()
  const aborted = new Promise<unknown>((resolve) => running.ctx.signal.addEventListener('abort', () => resolve(running.ctx.signal.reason)))
  return { ...running, sent, worker, aborted, [Symbol.asyncDispose]: worker.close }
}

test('a cancelled job’s signal aborts, with the caller’s reason', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  await using place = await run(hub)
  hub.socket.emit('cancel', [{ ...leaseOf(place.sent), codec: codecTag, reason: seal({ why: new Date(1) }) }])
  const reason = await place.aborted
  expect(reason).toBeInstanceOf(CancelError)
  expect(reason).toMatchObject({ name: 'AbortError', message: 'The job was cancelled.', reason: { why: new Date(1) } })
})

test.each([
  ['a value', 'finished', { type: 'ok', value: seal('finished') }],
  ['a cancellation of its own', cancel('mine'), { type: 'cancel', value: seal('mine') }],
])('what the handler gives then is settled as it is: %s', async (_, value, outcome) => {
  await using hub = await ScriptedHub.open(wellHub)
  await using place = await run(hub)
  hub.socket.emit('cancel', [{ ...leaseOf(place.sent), codec: codecTag, reason: seal(undefined) }])
  await place.aborted
  place.finish(value)
  expect(settlements(await hub.nth('settle'))).toMatchObject([{ ...leaseOf(place.sent), outcome }])
})

test('a handler that throws what its signal aborts with is an exception; what becomes of it is for the hub to say', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  await using place = await run(hub)
  hub.socket.emit('cancel', [{ ...leaseOf(place.sent), codec: codecTag, reason: seal('why') }])
  place.finish(Promise.reject(await place.aborted))
  expect(settlements(await hub.nth('settle'))).toMatchObject([
    { outcome: { type: 'error', code: 'exception', name: 'AbortError', message: 'The job was cancelled: why' } },
  ])
})

test('a cancel said again, also on the next connection, changes nothing', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  await using place = await run(hub)
  const said = (reason: string) => hub.socket.emit('cancel', [{ ...leaseOf(place.sent), codec: codecTag, reason: seal(reason) }])
  said('first')
  await place.aborted
  hub.cut()
  await hub.nth('register', 2)
  said('second')
  said('third')
  place.finish()
  await hub.nth('settle')
  expect(place.ctx.signal.reason).toMatchObject({ reason: 'first' })
})

test('a reason that cannot be read here is none, and the job is to stop all the same', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  await using place = await run(hub)
  hub.socket.emit('cancel', [{ ...leaseOf(place.sent), codec: 'd99', reason: '[1]' }])
  expect(await place.aborted).toMatchObject({ name: 'AbortError', reason: undefined })
})

test('a cancel of a job that does not run here is ignored', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  await using place = await run(hub)
  hub.socket.emit('cancel', [{ ...leaseOf(assignment()), codec: codecTag, reason: seal(1) }])
  place.finish()
  await hub.nth('settle')
  expect(place.ctx.signal.aborted).toBe(false)
})
