import { createWorker } from '@anchorleg/client/worker'
import { answer } from './answer.js'
import { noop, upload } from './jobs.js'
import { echo } from './smallJobs.js'

let worker: ReturnType<typeof createWorker> | undefined

answer({
  /** Connects with so many slots by queue, instead of the worker from before. */
  async open({ url, queues }: { url: string; queues: Readonly<Record<string, number>> }) {
    await worker?.close()
    const jobs = [noop.perform(echo), upload.perform(({ bytes }) => bytes.byteLength)]
    worker = createWorker(url, { queues, jobs })
    await worker.ready
  },
})
