import { randomFillSync } from 'node:crypto'
import { type Client, connect, unwrap } from '@anchorleg/client'
import { answer } from './answer.js'
import { closedLoop, expectSame, type Load, patienceMs } from './closedLoop.js'
import { noop, upload } from './jobs.js'
import { type Small, smallJobs } from './smallJobs.js'

let client: Client
/** Who awaits: the client that submits, or another at another hub. */
let awaiting: Client

answer({
  /** Connects; where `awaitAt` is given, another client there awaits what this one submits. */
  async open({ url, awaitAt }: { url: string; awaitAt?: string }) {
    client = connect(url)
    awaiting = awaitAt === undefined ? client : connect(awaitAt)
    await Promise.all([client.ready, awaiting.ready])
  },

  load(load: Load) {
    const { uploadBytes } = load
    if (uploadBytes === undefined) return smallJobs(load, runNoop)
    const bytes = randomFillSync(new Uint8Array(uploadBytes))
    return closedLoop(load, () => runUpload(bytes))
  },
})

async function runNoop(small: Small): Promise<unknown> {
  return unwrap(await awaiting.await(client.async(noop.new(small)), patienceMs))
}

async function runUpload(bytes: Uint8Array): Promise<void> {
  const result = await awaiting.await(client.async(upload.new({ bytes })), patienceMs)
  expectSame(unwrap(result), bytes.byteLength)
}
