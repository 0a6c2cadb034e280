import { setTimeout as pause } from 'node:timers/promises'
import { createWorker, error } from '@anchorleg/client/worker'
import { say } from '#e2e/harness/programs/channel.js'
import { Recorder } from '#e2e/history/recorder.js'
import { recordWire } from '#e2e/history/recordWire.js'
import { stint } from '../jobs.js'

/** What a worker process is started with: one argument of JSON. */
export interface ExecutorOrders {
  readonly name: string
  readonly urls: readonly string[]
  /** Where its history goes. */
  readonly folder: string
  readonly slots: number
}

const { name, urls, folder, slots }: ExecutorOrders = JSON.parse(process.argv[2] ?? '{}')
const recorder = new Recorder(folder, name)
recordWire(recorder)
let runs = 0

const perform = stint.perform(async ({ ref, ms, failures }, { attempt, job }) => {
  const run = `${name}, run ${++runs}`
  recorder.write({ type: 'start', jobId: job.id, ref, attempt })
  await pause(ms)
  return attempt > failures ? { ref, run } : error({ ref, run })
})
const worker = createWorker(urls[0] as string, { queues: { default: slots }, jobs: [perform] })
await worker.ready
say({ msg: 'worker ready' })
