import { setTimeout as pause } from 'node:timers/promises'
import { createWorker } from '@anchorleg/client/worker'
import { answer } from './answer.js'
import { noop, upload } from './jobs.js'
import { echo, type Small } from './smallJobs.js'

let worker: ReturnType<typeof createWorker> | undefined

answer({
  /** Connects with so many slots by queue, instead of the worker from before. With `workMs`, a small job takes so long. */
  async open({ url, queues, token, workMs }: { url: string; queues: Readonly<Record<string, number>>; token?: string; workMs?: number }) {
    await worker?.close()
    const slowEcho = (small: Small) => pause(workMs, echo(small))
    const jobs = [noop.perform(workMs === undefined ? echo : slowEcho), upload.perform(({ bytes }) => bytes.byteLength)]
    worker = createWorker(url, { queues, jobs, ...(token !== undefined && { token }) })
    await worker.ready
  },
})
