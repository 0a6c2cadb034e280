import { Worker } from 'bullmq'
import { answer } from './answer.js'
import { type Connection, queueName } from './bullmqQueue.js'
import { echo, type Small } from './smallJobs.js'

let worker: Worker | undefined
let completed = 0
const waiting = new Set<{ readonly count: number; resolve(): void }>()

answer({
  /** Works at so many jobs at once, instead of the worker from before. */
  async open({ connection, slots }: { connection: Connection; slots: number }) {
    await worker?.close()
    worker = new Worker(queueName, async (job) => echo(job.data as Small), { connection, concurrency: slots })
    worker.on('completed', count)
    await worker.waitUntilReady()
  },

  /** Answers once the results of so many jobs are stored. */
  completed({ count }: { count: number }) {
    if (completed >= count) return
    return new Promise<void>((resolve) => void waiting.add({ count, resolve }))
  },
})

function count(): void {
  completed += 1
  for (const wait of waiting) {
    if (wait.count > completed) continue
    waiting.delete(wait)
    wait.resolve()
  }
}
