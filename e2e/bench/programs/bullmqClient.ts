import { type Job, Queue, QueueEvents } from 'bullmq'
import { answer } from './answer.js'
import { type Connection, queueName } from './bullmqQueue.js'
import { type Load, patienceMs } from './closedLoop.js'
import { type Small, smallJobs } from './smallJobs.js'

let queue: Queue
let events: QueueEvents

/** Jobs added by one command, which is one transaction of Redis. */
const bulk = 1_000

// BullMQ's own defaults everywhere: finished jobs stay, as ours do (removing them only adds work, and may take a result away
// before it is awaited); one connection for commands, another for the stream of events; a job is tried once.

answer({
  async open({ connection }: { connection: Connection }) {
    queue = new Queue(queueName, { connection })
    events = new QueueEvents(queueName, { connection })
    // Every job that is waited for listens for the end of its queue.
    queue.setMaxListeners(0)
    await Promise.all([queue.waitUntilReady(), events.waitUntilReady()])
  },

  load: (load: Load) => smallJobs(load, { one: run, many: runMany }),

  /** Adds jobs that nobody here waits for. */
  async fill({ count }: { count: number }) {
    for (let from = 0; from < count; from += bulk) await addMany(Array.from({ length: Math.min(bulk, count - from) }, (_, i) => ({ int: from + i })))
  },
})

async function run(small: Small): Promise<unknown> {
  const job: Job = await queue.add('noop', small)
  return job.waitUntilFinished(events, patienceMs)
}

async function runMany(smalls: readonly Small[]): Promise<unknown[]> {
  const jobs = await addMany(smalls)
  return Promise.all(jobs.map((job) => job.waitUntilFinished(events, patienceMs)))
}

function addMany(smalls: readonly Small[]): Promise<Job[]> {
  return queue.addBulk(smalls.map((data) => ({ name: 'noop', data })))
}
