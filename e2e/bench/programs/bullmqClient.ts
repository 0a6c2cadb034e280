import { type Job, Queue, QueueEvents } from 'bullmq'
import { answer } from './answer.js'
import { type Connection, queueName } from './bullmqQueue.js'
import { type Load, patienceMs } from './closedLoop.js'
import { type Small, smallJobs } from './smallJobs.js'

let queue: Queue
let events: QueueEvents

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

  load: (load: Load) => smallJobs(load, run),
})

async function run(small: Small): Promise<unknown> {
  const job: Job = await queue.add('noop', small)
  return job.waitUntilFinished(events, patienceMs)
}
