// Stores jobs in the file of its first argument and writes a line for each thing that was acknowledged. By its second argument:
// `hold` opens and stays; `insert` and `settle` kill this process right after one acknowledgement; `flood` goes on until it is killed;
// `steps` does ten of each, one after the other, and ends.
import { writeSync } from 'node:fs'
import { codecTag, mintRef } from '@anchorleg/shared'
import { openStore } from '#server/store/openStore.js'

const [, , file, mode] = process.argv
const tenant = 'acme'
const say = (/** @type {unknown[]} */ ...words) => writeSync(1, `${words.join(' ')}\n`)
const settings = { leaseMs: 60_000, cancelGraceMs: 10_000, retentionMs: 3_600_000, tombstoneMs: 3_600_000 }

const store = await openStore(`sqlite:${file}`, settings).catch((error) => {
  say(error.name, error.message)
  process.exit(3)
})
say('opened')

async function insert(name = 'n', /** @type {import('#server/store/store.js').ClaimRequest[]} */ claims = []) {
  const ref = mintRef()
  const job = { ref, name, queue: 'q', priority: 0, maxAttempts: 3, tags: [], meta: {}, codec: codecTag, args: '[1]' }
  await store.insert([{ tenant, job }], claims)
  say('inserted', ref)
}

async function settle() {
  const [claimed] = await store.claim([{ worker: 'w', queue: 'q', names: ['n'], limit: 1 }])
  if (!claimed) throw new Error('expected a job to claim')
  const { jobId, lease } = claimed.assignment
  const { settled } = await store.settle([{ jobId, lease, outcome: { type: 'ok', codec: codecTag, value: '[2]' } }], [])
  const [first] = settled
  if (first?.type !== 'settled' || !first.announcement) throw new Error('expected it to be settled')
  say('settled', first.announcement.refs[0])
}

const die = () => process.kill(process.pid, 'SIGKILL')

switch (mode) {
  case 'insert':
    await insert()
    die()
    break
  case 'settle':
    await insert()
    await settle()
    die()
    break
  case 'steps':
    for (let i = 0; i < 10; i++) {
      await insert()
      await settle()
      await insert('straight', [{ worker: 'w', queue: 'q', names: ['straight'], limit: 1 }])
    }
    await store.close()
    break
  case 'flood':
    for (;;) await Promise.all([insert(), insert(), insert().then(settle)])
  default:
    setInterval(() => {}, 60_000)
}
