import { Worker } from 'bullmq'
import { answer } from './answer.js'
import { type Connection, queueName } from './bullmqQueue.js'
import { echo, type Small } from './smallJobs.js'

let worker: Worker | undefined

answer({
  /** Works at so many jobs at once, instead of the worker from before. */
  async open({ connection, slots }: { connection: Connection; slots: number }) {
    await worker?.close()
    worker = new Worker(queueName, async (job) => echo(job.data as Small), { connection, concurrency: slots })
    await worker.waitUntilReady()
  },
})
