import { describe, expect, test } from 'vitest'
import { aJob, aWish, claim, type Harness, insert, minute, only, readKnown, tenant } from './harness.js'

/** What is stored of a job, and when it is due. */
export function inserting(harness: Harness): void {
  describe('inserting', () => {
    test('a job is available at once', async () => {
      const { store } = await harness.open()
      const job = aJob()
      const inserted = only(await insert(store, [job]))
      expect(inserted).toMatchObject({ type: 'inserted', state: 'available', queue: 'default', name: 'double' })
      const { job: stored, latest } = await readKnown(store, { tenant, ref: job.ref })
      expect(stored).toMatchObject({ state: 'available', attempt: 0, queue: 'default', name: 'double' })
      expect(inserted).toMatchObject({ jobId: stored.jobId, dueAt: stored.dueAt })
      expect(latest).toBeNull()
    })

    test('answers come in the order of the insertions', async () => {
      const { store } = await harness.open()
      const names = ['a', 'b', 'c', 'd']
      const inserted = await insert(
        store,
        names.map((name) => aJob({ name })),
      )
      expect(inserted.map((each) => 'name' in each && each.name)).toEqual(names)
    })

    test('a worker gets the job as it was sent', async () => {
      const { store } = await harness.open()
      const meta = { nested: { list: [1, 'two', null, true] }, snoozed: 'mine' }
      const sent = { args: '["ünïcödé 🏁 \\u0000"]', codec: 'x9', meta, timeout: 1500.5, maxAttempts: 7, trace: '00-abc-def-01', tags: ['t'] }
      await insert(store, [aJob(sent)])
      const { tags, ...handedOn } = sent
      expect(only(await claim(store))).toMatchObject({ ...handedOn, attempt: 1, name: 'double', queue: 'default' })
    })

    test('what was not sent is not made up', async () => {
      const { store } = await harness.open()
      await insert(store, [aJob()])
      const assignment = only(await claim(store))
      expect(Object.keys(assignment)).not.toContain('timeout')
      expect(Object.keys(assignment)).not.toContain('trace')
      expect(assignment.meta).toEqual({})
    })

    test('names, tenants and values of any script come back unchanged', async () => {
      const { store } = await harness.open()
      const strange = ["o'clock", 'NUL\u0000inside', '🏁', '\uffff', 'ä', '%_', '"; DROP TABLE jobs; --']
      for (const name of strange) {
        const job = aJob({ name, queue: name, args: `["${name}"]` })
        await insert(store, [job], name)
        expect(only(await claim(store, { names: [name], queue: name }))).toMatchObject({ name, queue: name, args: job.args })
        expect((await readKnown(store, { tenant: name, ref: job.ref })).job).toMatchObject({ name, queue: name, state: 'executing' })
      }
    })

    test('a value of many megabytes comes back whole', async () => {
      const { store } = await harness.open()
      const args = `["${'0123456789abcdef'.repeat(1024 * 1024)}"]`
      await insert(store, [aJob({ args })])
      expect(only(await claim(store)).args === args).toBe(true)
    })

    test('scheduleIn counts from the moment the store takes the job', async () => {
      const { store, advance } = await harness.open()
      advance(5 * minute)
      const [plain, later] = await insert(store, [aJob(), aJob({ scheduleIn: 90.5 })])
      if (plain?.type !== 'inserted' || later?.type !== 'inserted') throw new Error('expected both to be stored')
      expect(later.state).toBe('scheduled')
      expect(later.dueAt - plain.dueAt).toBeGreaterThanOrEqual(90_500)
      expect(later.dueAt - plain.dueAt).toBeLessThan(90_500 + minute)
    })

    test('scheduledAt is kept to the millisecond', async () => {
      const { store } = await harness.open()
      const future = only(await insert(store, [aJob()]))
      if (future.type !== 'inserted') throw new Error('expected it to be stored')
      const scheduledAt = future.dueAt + 10 * minute
      const job = aJob({ scheduledAt, name: 'later' })
      expect(only(await insert(store, [job]))).toMatchObject({ state: 'scheduled', dueAt: scheduledAt })
      const past = aJob({ scheduledAt: 1234, name: 'past' })
      expect(only(await insert(store, [past]))).toMatchObject({ state: 'available', dueAt: 1234 })
      expect(only(await claim(store, { names: ['past'] })).scheduledAt).toBe(1234)
    })

    test('a scheduled job is not claimed', async () => {
      const { store } = await harness.open()
      await insert(store, [aJob({ scheduleIn: 60 })])
      expect(await claim(store)).toEqual([])
    })

    test('a claim made along gets the job that is stored with it', async () => {
      const { store } = await harness.open()
      const job = aJob()
      const { inserted, claimed } = await store.insert([{ tenant, job }], [aWish({ worker: 'w7' })])
      expect(only(claimed)).toMatchObject({ worker: 'w7', assignment: { args: job.args, attempt: 1 } })
      expect(only(inserted)).toMatchObject({ type: 'inserted', jobId: only(claimed).assignment.jobId })
    })

    test('a job that waited before comes before the one stored along with the claim', async () => {
      const { store } = await harness.open()
      const first = only(await insert(store, [aJob()]))
      const { claimed } = await store.insert([{ tenant, job: aJob() }], [aWish()])
      expect(only(claimed).assignment.jobId).toBe('jobId' in first && first.jobId)
    })

    test('nothing asked is nothing done', async () => {
      const { store } = await harness.open()
      expect(await store.insert([], [])).toEqual({ inserted: [], claimed: [] })
    })
  })
}
