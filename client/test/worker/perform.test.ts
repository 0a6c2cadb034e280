import { expect, test } from 'vitest'
import { defineJob } from '#client/index.js'
import { assignment, leaseOf } from '../support/assignment.js'
import { ScriptedHub } from '../support/scriptedHub.js'
import { heldHandler, settlements, wellHub, work } from '../support/workerScripts.js'

const job = defineJob({ name: 'job' })

test('jobs are acknowledged, though their handlers run on', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  const { handler, started } = heldHandler()
  await using worker = work(hub, [job.perform(handler)])
  await worker.ready
  await hub.socket.emitWithAck('perform', [assignment(1), assignment(2)])
  await started(2)
})

test('a job whose loss comes right behind it is not begun', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  const begun: unknown[] = []
  await using worker = work(hub, [job.perform((args) => void begun.push(args))])
  await worker.ready
  const [late, good] = [assignment('late'), assignment('good')]
  for (const [event, message] of [
    ['perform', [late]],
    ['lost', [leaseOf(late)]],
    ['perform', [good]],
  ] as const) {
    hub.socket.emit(event, message)
  }
  expect(settlements(await hub.nth('settle')).map(({ jobId }) => jobId)).toEqual([good.jobId])
  expect(begun).toEqual(['good'])
})
