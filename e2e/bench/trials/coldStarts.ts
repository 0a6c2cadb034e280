import { Actor } from '../actor.js'
import type { Place } from '../compare.js'
import { type AppendFsync, RedisServer } from '../redisServer.js'
import { startHub } from '../systems/anchorleg.js'
import { newStore } from './newStore.js'
import { StoreProgram } from './storeProgram.js'

/** Seconds from the start of the process that stores, until it listens, until the first result, until the last. */
export interface ColdStart {
  readonly listens: number
  readonly first: number
  readonly all: number
}

const slots = 2_000
const longMs = 900_000

/** A client awaits the oldest job, then the one that was stored last. */
export async function startAnchorlegCold(folder: string, { options }: Place, count: number): Promise<ColdStart> {
  const address = newStore(folder)
  const store = await StoreProgram.open(address, options)
  const { first, last } = await store.fill(count)
  await store.close()
  const worker = Actor.start('cold worker', 'worker.js', options)
  const client = Actor.start('cold client', 'awaiter.js', options)
  await Promise.all([worker.cpu(), client.cpu()])
  const since = stopwatch()
  const { hub, url } = await startHub('cold hub', address, { folder, profileFolder: options.profileFolder })
  const listens = since()
  await Promise.all([worker.ask('open', { url, queues: { default: slots } }), client.ask('open', { url, connections: 1 })])
  const seen = await Promise.all([first, last].map((ref) => client.ask('attach', { ref }, longMs).then(since)))
  await Promise.all([client.end(), worker.end()])
  await hub.program.stop('SIGTERM')
  return { listens, first: seen[0] as number, all: seen[1] as number }
}

/** A worker counts the jobs whose results it has stored. */
export const startBullmqCold =
  (appendFsync: AppendFsync) =>
  async (folder: string, { options }: Place, count: number): Promise<ColdStart> => {
    const filled = await RedisServer.start(folder, appendFsync)
    const client = Actor.start('cold bullmq client', 'bullmqClient.js', options)
    await client.ask('open', { connection: connectionTo(filled) })
    await client.ask('fill', { count }, longMs)
    await client.end()
    await filled.stop()
    const worker = Actor.start('cold bullmq worker', 'bullmqWorker.js', options)
    await worker.cpu()
    const since = stopwatch()
    const redis = await RedisServer.start(folder, appendFsync)
    const listens = since()
    await worker.ask('open', { connection: connectionTo(redis), slots })
    const seen = await Promise.all([1, count].map((done) => worker.ask('completed', { count: done }, longMs).then(since)))
    await worker.end()
    await redis.stop()
    return { listens, first: seen[0] as number, all: seen[1] as number }
  }

const connectionTo = ({ port }: RedisServer) => ({ host: '127.0.0.1', port })

/** Seconds from now on. */
function stopwatch(): () => number {
  const start = performance.now()
  return () => (performance.now() - start) / 1000
}
