import { randomFillSync } from 'node:crypto'
import { type Client, connect, unwrap } from '@anchorleg/client'
import { answer } from './answer.js'
import { closedLoop, expectSame, type Load, patienceMs } from './closedLoop.js'
import { noop, upload } from './jobs.js'
import { type Small, smallJobs } from './smallJobs.js'

/** One connection: who submits, and who awaits that, which may be another at another hub. */
interface Pair {
  readonly client: Client
  readonly awaiting: Client
}

let pairs: readonly Pair[]

answer({
  /** Connects; where `awaitAt` is given, other clients there await what these submit. */
  async open({ url, awaitAt, token, connections = 1 }: { url: string; awaitAt?: string; token?: string; connections?: number }) {
    const options = token === undefined ? {} : { token }
    pairs = Array.from({ length: connections }, () => {
      const client = connect(url, options)
      return { client, awaiting: awaitAt === undefined ? client : connect(awaitAt, options) }
    })
    await Promise.all(pairs.flatMap(({ client, awaiting }) => [client.ready, awaiting.ready]))
  },

  load(load: Load) {
    const { uploadBytes } = load
    if (uploadBytes === undefined) return smallJobs(load, { one: runNoop, many: runNoops })
    const bytes = randomFillSync(new Uint8Array(uploadBytes))
    return closedLoop(load, () => runUpload(bytes))
  },
})

const pairOf = (lane: number) => pairs[lane % pairs.length] as Pair

async function runNoop(small: Small, lane: number): Promise<unknown> {
  const { client, awaiting } = pairOf(lane)
  return unwrap(await awaiting.await(client.async(noop.new(small)), patienceMs))
}

async function runNoops(smalls: readonly Small[]): Promise<unknown[]> {
  const { client, awaiting } = pairOf(0)
  const relays = smalls.map((small) => client.async(noop.new(small)))
  return (await awaiting.awaitMany(relays, patienceMs)).map(unwrap)
}

async function runUpload(bytes: Uint8Array): Promise<void> {
  const { client, awaiting } = pairOf(0)
  const result = await awaiting.await(client.async(upload.new({ bytes })), patienceMs)
  expectSame(unwrap(result), bytes.byteLength)
}
