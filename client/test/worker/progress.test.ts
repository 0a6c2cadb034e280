import { open, type ProgressReport } from '@anchorleg/shared'
import { workerMessages } from '@anchorleg/shared/schemas'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineJob, type } from '#client/index.js'
import type { Log } from '#client/worker/index.js'
import { assignment, leaseOf } from '../support/assignment.js'
import { type Heard, ScriptedHub } from '../support/scriptedHub.js'
import { heldHandler, settlements, silent, wellHub, work } from '../support/workerScripts.js'

const job = defineJob({ name: 'job', progress: type<unknown>() })
const reports = ({ message }: Heard): ProgressReport[] => workerMessages.progress.parse(message).reports
const values = (hub: ScriptedHub) => hub.all('progress').flatMap((heard) => reports(heard).map(({ value, codec }) => open(value, codec)))

async function run(hub: ScriptedHub, more: { definition?: typeof job; log?: Log } = {}) {
  const { handler, started } = heldHandler()
  const worker = work(hub, [(more.definition ?? job).perform(handler)], { logger: more.log ?? silent })
  await worker.ready
  const sent = assignment(1)
  hub.socket.emit('perform', [sent])
  return { ...(await started()), sent, worker, [Symbol.asyncDispose]: worker.close }
}

test('progress leaves at once, then the latest value at most every 100 ms', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  await using place = await run(hub)
  const began = performance.now()
  place.ctx.progress(0)
  for (let i = 1; i <= 50; i += 1) place.ctx.progress(i)
  expect(reports(await hub.nth('progress'))).toMatchObject([leaseOf(place.sent)])
  expect(values(hub)).toEqual([0])
  await hub.nth('progress', 2)
  expect(performance.now() - began).toBeGreaterThanOrEqual(99)
  expect(values(hub)).toEqual([0, 50])
})

test('the last progress leaves before the settlement, and the settlement waits until the hub has it', async () => {
  await using hub = await ScriptedHub.open({ ...wellHub, progress: () => undefined })
  await using place = await run(hub)
  place.ctx.progress(0)
  place.ctx.progress(1)
  place.finish()
  const first = await hub.when(() => values(hub).length > 0 && hub.all('progress').at(-1))
  expect([values(hub).at(-1), hub.all('settle')]).toEqual([1, []])
  first.answer({ ok: reports(first).map(() => 'stored') })
  await hub.nth('settle')
})

test('the progress of one turn leaves in one message', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  const { handler, started } = heldHandler()
  await using worker = work(hub, [job.perform(handler)])
  await worker.ready
  hub.socket.emit('perform', [assignment(1), assignment(2)])
  for (const run of [await started(1), await started(2)]) run.ctx.progress('here')
  expect(reports(await hub.nth('progress'))).toHaveLength(2)
})

test('progress is validated, and told as the schema gives it', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  const definition = defineJob({ name: 'job', progress: z.number().transform((n) => ({ percent: n * 100 })) })
  await using place = await run(hub, { definition: definition as never })
  place.ctx.progress(0.5)
  await hub.nth('progress')
  expect(values(hub)).toEqual([{ percent: 50 }])
})

test.each([
  ['invalid', 'x', 'Progress is dropped. The progress is invalid: progress: Invalid input: expected number, received string'],
  ['not to be encoded', () => 1, 'Progress is dropped. The progress is invalid: Cannot encode a function.'],
  ['larger than 64 KiB', 'x'.repeat(66_000), 'Progress is dropped: encoded it takes 66004 bytes; at most 65536 are taken.'],
])('progress that is %s is dropped with a warning, and fails nothing', async (what, value, message) => {
  await using hub = await ScriptedHub.open(wellHub)
  const warnings: unknown[] = []
  const definition = what === 'invalid' ? defineJob({ name: 'job', progress: z.number() }) : job
  await using place = await run(hub, { definition: definition as never, log: { ...silent, warn: (...line) => void warnings.push(line) } })
  place.ctx.progress(value)
  place.finish('done')
  expect(settlements(await hub.nth('settle'))).toMatchObject([{ outcome: { type: 'ok' } }])
  expect(warnings).toEqual([[message, { job: 'job', id: place.sent.jobId, attempt: 1 }]])
  expect(hub.all('progress')).toEqual([])
})

test('progress that the hub did not acknowledge leaves again after a reconnect, the latest only', async () => {
  await using hub = await ScriptedHub.open({ ...wellHub, progress: () => undefined })
  await using place = await run(hub)
  place.ctx.progress('first')
  await hub.nth('progress')
  place.ctx.progress('second')
  await hub.nth('progress', 2)
  hub.scripts.progress = wellHub.progress
  hub.cut()
  const again = await hub.nth('progress', 3)
  expect(reports(again).map(({ value }) => open(value))).toEqual(['second'])
  place.finish()
  await hub.nth('settle')
  expect(hub.all('progress')).toHaveLength(3)
})

test.each([['store_unavailable'], ['invalid_message']])('progress that the hub refuses (%s) is given up, and holds up nothing', async (code) => {
  await using hub = await ScriptedHub.open({ ...wellHub, progress: () => ({ refused: { code, message: 'No.' } }) })
  await using place = await run(hub)
  place.ctx.progress(1)
  place.finish()
  await hub.nth('settle')
  expect(hub.all('progress')).toHaveLength(1)
})

test('progress of a lost lease aborts the attempt', async () => {
  await using hub = await ScriptedHub.open({ ...wellHub, progress: ({ message }) => message.reports.map(() => 'stale') })
  await using place = await run(hub)
  const aborted = new Promise((resolve) => place.ctx.signal.addEventListener('abort', resolve))
  place.ctx.progress(1)
  await aborted
  expect(place.ctx.signal.reason).toMatchObject({ message: 'The lease on this job was lost.' })
})

test('after the attempt has ended there is no progress', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  await using place = await run(hub)
  place.finish()
  await hub.nth('settle')
  place.ctx.progress('late')
  await place.worker.drain()
  expect(hub.all('progress')).toEqual([])
})
