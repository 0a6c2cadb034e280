import { randomFillSync } from 'node:crypto'
import { type Client, connect, unwrap } from '@anchorleg/client'
import { answer } from './answer.js'
import { closedLoop, expectSame, type Load } from './closedLoop.js'
import { noop, upload } from './jobs.js'

/** Longer than any result takes, so that a job that hangs ends the benchmark. */
const patienceMs = 30_000

let client: Client

answer({
  open({ url }: { url: string }) {
    client = connect(url)
    return client.ready
  },

  load(load: Load) {
    const { uploadBytes } = load
    if (uploadBytes === undefined) return closedLoop(load, runNoop)
    const bytes = randomFillSync(new Uint8Array(uploadBytes))
    return closedLoop(load, () => runUpload(bytes))
  },
})

async function runNoop(int: number): Promise<void> {
  const result = await client.await(client.async(noop.new({ int })), patienceMs)
  expectSame(unwrap(result), int)
}

async function runUpload(bytes: Uint8Array): Promise<void> {
  const result = await client.await(client.async(upload.new({ bytes })), patienceMs)
  expectSame(unwrap(result), bytes.byteLength)
}
