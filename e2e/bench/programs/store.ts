import { codecTag, mintRef, seal } from '@anchorleg/shared'
import { answer } from './answer.js'
import type { Small } from './smallJobs.js'

// The hub's store without its hub: to fill it faster than callers could, and to measure it alone.

/** Of the server's contract of a store, what is used here. */
interface Store {
  insert(insertions: readonly object[], claims: readonly ClaimRequest[]): Promise<unknown>
  claim(claims: readonly ClaimRequest[]): Promise<Claimed[]>
  settle(settlements: readonly object[], claims: readonly ClaimRequest[]): Promise<{ claimed: Claimed[] }>
  close(): Promise<void>
}

interface ClaimRequest {
  readonly worker: string
  readonly queue: string
  readonly names: readonly string[]
  readonly limit: number
}

interface Claimed {
  readonly assignment: { readonly jobId: string; readonly lease: string }
}

/** Jobs in one call, as a busy hub gathers them. */
const batch = 500

const lane = { queue: 'default', name: 'noop' }
const wish: ClaimRequest = { worker: 'bench', queue: lane.queue, names: [lane.name], limit: batch }

let store: Store

answer({
  async open({ address }: { address: string }) {
    const { openStore } = await import(new URL('./store/openStore.js', import.meta.resolve('@anchorleg/server')).href)
    store = await openStore(address, { leaseMs: 600_000, cancelGraceMs: 10_000, retentionMs: 86_400_000, tombstoneMs: 86_400_000 })
  },

  /** Stores jobs of a lane, and answers with the first of their refs and the last. */
  async fill({ queue, name, tenant, count }: { queue: string; name: string; tenant: string; count: number }) {
    let first: string | undefined
    let last: string | undefined
    for (let stored = 0; stored < count; stored += batch) {
      const jobs = Array.from({ length: Math.min(batch, count - stored) }, () => newJob(queue, name))
      await store.insert(
        jobs.map((job) => ({ tenant, job })),
        [],
      )
      first ??= jobs[0]?.ref
      last = jobs.at(-1)?.ref
    }
    return { first, last }
  },

  /** Runs so many jobs that wait in the lane of small jobs to their ends. */
  async finish({ count }: { count: number }) {
    for (let done = 0, claimed = await store.claim([wish]); done < count && claimed.length > 0; done += batch) {
      claimed = (await store.settle(claimed.map(settlement), [wish])).claimed
    }
  },

  /** Jobs a second of each step, over so many new jobs in the lane of small jobs; as many are waiting afterwards as before. */
  async rates({ count }: { count: number }) {
    const insert = await rateOf(count, () =>
      store.insert(
        Array.from({ length: batch }, () => insertion(newJob(lane.queue, lane.name))),
        [],
      ),
    )
    const held: (readonly Claimed[])[] = []
    const claim = await rateOf(count / 2, async () => held.push(full(await store.claim([wish]))))
    const dispatch = await rateOf(count / 2, async () => {
      const done = held.shift() ?? []
      held.push(full((await store.settle(done.map(settlement), [wish])).claimed))
    })
    const settle = await rateOf(count / 2, () => store.settle((held.shift() ?? []).map(settlement), []))
    return { insert, claim, settle, dispatch }
  },

  close: () => store.close(),
})

const newJob = (queue: string, name: string) => {
  const args = seal({ int: 1 } satisfies Small)
  return { ref: mintRef(), queue, name, priority: 0, maxAttempts: 20, tags: [], meta: {}, codec: codecTag, args }
}

const insertion = (job: object) => ({ tenant: 'default', job })

const settlement = ({ assignment: { jobId, lease } }: Claimed) => ({ jobId, lease, outcome: { type: 'ok', codec: codecTag, value: seal(1) } })

function full(claimed: readonly Claimed[]): readonly Claimed[] {
  if (claimed.length !== batch) throw new Error(`expected ${batch} jobs to be claimed, got ${claimed.length}`)
  return claimed
}

/** Does so many jobs, a batch at a time. */
async function rateOf(count: number, doBatch: () => Promise<unknown>): Promise<number> {
  const batches = Math.ceil(count / batch)
  const start = performance.now()
  for (let i = 0; i < batches; i++) await doBatch()
  return (batches * batch * 1000) / (performance.now() - start)
}
