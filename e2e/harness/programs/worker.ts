import { createWorker } from '@anchorleg/client/worker'
import { say } from './channel.js'
import { handlers } from './handlers.js'

/** What a worker process is started with: one argument of JSON. */
export interface WorkerOrders {
  readonly url: string
  readonly queues: Readonly<Record<string, number>>
}

const { url, queues }: WorkerOrders = JSON.parse(process.argv[2] ?? '{}')
const worker = createWorker(url, { queues, jobs: Object.values(handlers) })

/** How long a stop waits for what runs, in ms, before it is given back. */
const drainMs = 300

process.once('SIGTERM', async () => {
  await worker.drain({ timeout: drainMs })
  await worker.close()
  process.exit(0)
})

await worker.ready
say({ msg: 'worker ready', pid: process.pid })
