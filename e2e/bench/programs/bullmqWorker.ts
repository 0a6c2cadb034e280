import { Worker } from 'bullmq'
import { answer } from './answer.js'
import { type Connection, queueName } from './bullmqQueue.js'

let worker: Worker | undefined

answer({
  /** Works at so many jobs at once, instead of the worker from before. */
  async open({ connection, slots }: { connection: Connection; slots: number }) {
    await worker?.close()
    worker = new Worker(queueName, async (job) => (job.data as { int: number }).int, { connection, concurrency: slots })
    await worker.waitUntilReady()
  },
})
