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

/** What the test says to it: to freeze in the next run that is about to give its result. Who said so lets it go on, by SIGCONT. */
export type ExecutorTold = { readonly freeze: true }

const { name, urls, folder, slots }: ExecutorOrders = JSON.parse(process.argv[2] ?? '{}')
const recorder = new Recorder(folder, name)
recordWire(recorder)
let runs = 0
let freezing = false
process.on('message', ({ freeze }: ExecutorTold) => {
  freezing = freeze
})

const perform = stint.perform(async ({ ref, ms, failures }, { attempt, job }) => {
  const run = `${name}, run ${++runs}`
  recorder.write({ type: 'start', jobId: job.id, ref, attempt })
  await pause(ms)
  if (freezing) freeze(job.id)
  return attempt > failures ? { ref, run } : error({ ref, run })
})
const worker = createWorker(urls, { queues: { default: slots }, jobs: [perform] })
await worker.ready
say({ msg: 'worker ready' })

/** Within a run: it gives its result as soon as the process goes on, before that hears of anything. */
function freeze(jobId: string): void {
  freezing = false
  say({ msg: 'freezing', jobId })
  process.kill(process.pid, 'SIGSTOP')
}
