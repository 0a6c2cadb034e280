// A worker in a process of its own, whose handler computes without a pause until there is a file of the name that its args say.
import { existsSync } from 'node:fs'
import { defineJob } from '#client/index.js'
import { createWorker } from '#client/worker/index.js'

const url = process.argv[2] ?? ''
let asked = 0
const worker = createWorker(url, {
  token: () => `token ${++asked}`,
  jobs: [
    defineJob({ name: 'job' }).perform((file) => {
      while (!existsSync(file));
      return 'there'
    }),
  ],
})
process.once('message', async () => {
  await worker.drain()
  process.disconnect()
})
