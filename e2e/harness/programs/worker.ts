import { createWorker } from '@anchorleg/client/worker'
import { say } from './channel.js'
import { handlers } from './handlers.js'

/** What a worker process is started with: one argument of JSON. */
export interface WorkerOrders {
  /** One hub, or several. */
  readonly url: string | readonly string[]
  readonly queues: Readonly<Record<string, number>>
  /** How long a stop waits for what runs, in ms, before it is given back. */
  readonly drainMs?: number
}

const { url, queues, drainMs = 300 }: WorkerOrders = JSON.parse(process.argv[2] ?? '{}')
const worker = createWorker(url, { queues, jobs: Object.values(handlers) })

process.once('SIGTERM', async () => {
  say({ msg: 'draining' })
  await worker.drain({ timeout: drainMs })
  await worker.close()
  process.exit(0)
})

await worker.ready
say({ msg: 'worker ready', pid: process.pid })
