import { describe, expect, test } from 'vitest'
import {
  aUniqueJob,
  cancel,
  claim,
  gives,
  type Harness,
  insert,
  inspectKnown,
  leaseOf,
  minute,
  only,
  read,
  readKnown,
  settings,
  settle,
  tenant,
  watchKnown,
} from './harness.js'

const of = ({ ref }: { readonly ref: string }) => ({ tenant, ref })

/** Refs that lead to another's job, because it had the unique key. */
export function aliases(harness: Harness): void {
  describe('aliases', () => {
    test('an alias is as idempotent as a ref: by what was sent under it', async () => {
      const { store } = await harness.open()
      const job = aUniqueJob()
      const alias = aUniqueJob({}, { args: '["other"]' })
      const [stored] = await insert(store, [job, alias])
      const again = await insert(store, [alias, { ...alias, priority: 5 }, { ...job, ref: alias.ref }, job])
      expect(again).toMatchObject([
        { ...stored, type: 'existing', conflict: true },
        { type: 'refused', refusal: { code: 'ref_conflict', message: expect.stringContaining(alias.ref) } },
        { type: 'refused', refusal: { code: 'ref_conflict' } },
        { ...stored, type: 'existing', conflict: false },
      ])
    })

    test('an alias stays one, whatever becomes of the key', async () => {
      const { store } = await harness.open()
      const [job, alias] = [aUniqueJob(), aUniqueJob()]
      await insert(store, [job, alias])
      await settle(store, leaseOf(only(await claim(store))), gives.ok)
      const next = only(await insert(store, [aUniqueJob()]))
      expect(next).toMatchObject({ type: 'inserted' })
      expect(only(await insert(store, [alias]))).toMatchObject({ type: 'existing', conflict: true, state: 'completed' })
    })

    async function aliased() {
      const opened = await harness.open()
      const [job, alias] = [aUniqueJob({}, { maxAttempts: 1 }), aUniqueJob()]
      await insert(opened.store, [job, alias])
      return { ...opened, refs: [job.ref, alias.ref], job: of(job), alias: of(alias) }
    }

    test('outcomes, crashes and cancellations are announced to both refs', async () => {
      for (const end of ['settle', 'expire', 'cancel'] as const) {
        const { store, advance, refs, job } = await aliased()
        const lease = end === 'cancel' ? undefined : leaseOf(only(await claim(store)))
        advance(settings.leaseMs)
        if (lease && end === 'settle') expect(await settle(store, lease, gives.ok)).toMatchObject({ announcement: { refs } })
        else if (end === 'expire') expect(await store.expire(10)).toMatchObject([{ announcement: { refs } }])
        else expect(await cancel(store, job)).toMatchObject({ announcement: { refs } })
      }
    })

    test('the job can be watched and inspected', async () => {
      const { store, job, alias } = await aliased()
      expect(await watchKnown(store, alias)).toEqual(await watchKnown(store, job))
      expect(await inspectKnown(store, alias)).toEqual(await inspectKnown(store, job))
    })

    test('it can be cancelled, and retried', async () => {
      const { store, alias, job } = await aliased()
      expect(await cancel(store, alias)).toMatchObject({ type: 'cancelled' })
      expect((await readKnown(store, job)).job.state).toBe('cancelled')
      expect(await store.retry([alias])).toMatchObject([{ type: 'retried' }])
      expect((await readKnown(store, job)).job.state).toBe('available')
    })

    test('pruning leaves a tombstone for each ref', async () => {
      const { store, advance, job, alias } = await aliased()
      await cancel(store, job)
      advance(settings.retentionMs + minute)
      expect(await store.prune(10)).toEqual([job, alias])
      expect(await store.read([job, alias])).toEqual([{ type: 'expired' }, { type: 'expired' }])
      expect(await insert(store, [aUniqueJob({}, { ref: alias.ref })])).toMatchObject([{ refusal: { code: 'expired' } }])
      advance(settings.tombstoneMs)
      expect(await store.read([job, alias])).toEqual([{ type: 'not_found' }, { type: 'not_found' }])
    })

    test("it is as unknown to another tenant as the job's own ref", async () => {
      const { store, alias } = await aliased()
      expect(await read(store, { ...alias, tenant: 'other' })).toEqual({ type: 'not_found' })
    })
  })
}
