// Fills a store in the folder of its first argument until it is refused room, and reports in one line of JSON what stood before, what was
// refused, and what works afterwards. By its second argument there is a ballast file in the folder, which it deletes to make room again.
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { codecTag, mintRef } from '@anchorleg/shared'
import { openStore } from '#server/store/openStore.js'
import { StoreUnavailable } from '#server/store/store.js'

const [, , folder = '.', ballastBytes] = process.argv
const ballast = join(folder, 'ballast')
if (ballastBytes) writeFileSync(ballast, Buffer.alloc(Number(ballastBytes)))

const tenant = 'acme'
const job = (/** @type {number} */ bytes) => {
  const args = JSON.stringify(['x'.repeat(bytes)])
  return { tenant, job: { ref: mintRef(), name: 'n', queue: 'q', priority: 0, maxAttempts: 3, tags: [], meta: {}, codec: codecTag, args } }
}
const store = await openStore(`sqlite:${join(folder, 'hub.db')}`, {
  leaseMs: 60_000,
  cancelGraceMs: 10_000,
  retentionMs: 3_600_000,
  tombstoneMs: 3_600_000,
})
const insert = (/** @type {ReturnType<typeof job>} */ insertion) =>
  store.insert([insertion], []).then(
    () => 'stored',
    (error) => (error instanceof StoreUnavailable ? error.message : `unexpected ${error}`),
  )
const typesOf = async (/** @type {ReturnType<typeof job>[]} */ insertions) => {
  const readings = await store.read(insertions.map(({ job: { ref } }) => ({ tenant, ref })))
  return [...new Set(readings.map(({ type }) => type))]
}

/** @type {ReturnType<typeof job>[]} */
const stored = []
/** @type {ReturnType<typeof job>[]} */
let refused = []
let reason = 'stored'
while (refused.length === 0 && stored.length < 100_000) {
  const together = [job(20_000), job(20_000), job(20_000)]
  const outcomes = await Promise.all(together.map(insert))
  reason = outcomes.find((outcome) => outcome !== 'stored') ?? 'stored'
  refused = together.filter((_, i) => outcomes[i] !== 'stored')
  stored.push(...together.filter((_, i) => outcomes[i] === 'stored'))
}
const refusedAs = { reason, types: await typesOf(refused), count: refused.length }
if (ballastBytes) rmSync(ballast)
const afterwards = ballastBytes ? await insert(job(20_000)) : undefined
await store.close()

const again = await openStore(`sqlite:${join(folder, 'hub.db')}`, {
  leaseMs: 60_000,
  cancelGraceMs: 10_000,
  retentionMs: 3_600_000,
  tombstoneMs: 3_600_000,
})
const readings = await again.read(stored.map(({ job: { ref } }) => ({ tenant, ref })))
await again.close()
console.log(JSON.stringify({ stored: stored.length, storedAs: [...new Set(readings.map(({ type }) => type))], refusedAs, afterwards }))
