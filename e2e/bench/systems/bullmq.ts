import { Actor } from '../actor.js'
import { type AppendFsync, RedisServer } from '../redisServer.js'
import type { RunningSystem, Setup, System } from './system.js'
import { startWorkers } from './workers.js'

/** BullMQ as its guide shows it: `queue.add` and `job.waitUntilFinished`, with a worker of as many jobs at once as ours has slots. */
function bullmq(appendFsync: AppendFsync): System {
  return {
    name: `BullMQ, Redis appendfsync ${appendFsync}`,

    async start(setup: Setup): Promise<RunningSystem> {
      const redis = await RedisServer.start(setup.folder, appendFsync)
      const connection = { host: '127.0.0.1', port: redis.port }
      const workers = startWorkers(`bullmq ${appendFsync} worker`, 'bullmqWorker.js', setup)
      const clients: Actor[] = []
      return {
        parts: [{ role: 'database', cpu: () => redis.cpu() }, ...workers.parts],
        setSlots: (slots) => workers.open({ connection, slots: workers.share(slots) }),
        async addClient(name) {
          const client = Actor.start(`bullmq ${appendFsync} ${name}`, 'bullmqClient.js', setup)
          clients.push(client)
          await client.ask('open', { connection })
          return client
        },
        async stop() {
          await Promise.all([...clients, ...workers.actors].map((actor) => actor.end()))
          await redis.stop()
        },
      }
    },
  }
}

/** A job is on disk before `add` resolves: Redis writes and syncs once for what came in one turn of its loop. */
export const bullmqAlways = bullmq('always')

/** Redis's default, and what most people run: a crash of the machine loses up to a second of acknowledged jobs. */
export const bullmqEverysec = bullmq('everysec')
