// A worker in a process of its own, whose handler computes without a pause for as many ms as its args say.
import { defineJob } from '#client/index.js'
import { createWorker } from '#client/worker/index.js'

const url = process.argv[2] ?? ''
let asked = 0
const worker = createWorker(url, {
  token: () => `token ${++asked}`,
  jobs: [
    defineJob({ name: 'job' }).perform((ms) => {
      for (const end = performance.now() + ms; performance.now() < end; );
      return ms
    }),
  ],
})
process.once('message', async () => {
  await worker.drain()
  process.disconnect()
})
