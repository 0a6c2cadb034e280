import { mintLease, mintRef } from '@anchorleg/shared'
import { expect, test } from 'vitest'
import { Herald } from '#server/herald.js'
import type { Notifier, Signal } from '#server/notifier/notifier.js'
import type { Announcement } from '#server/store/store.js'
import { TelemetryBus } from '#server/telemetry.js'

interface Published {
  readonly signal: Signal
  readonly to: string | undefined
}

function open(): { herald: Herald; published: Published[] } {
  const published: Published[] = []
  const notifier: Notifier = { publish: (signal, to) => void published.push({ signal, to }), subscribe() {}, close: async () => {} }
  return { herald: new Herald({ notifier, telemetry: new TelemetryBus() }), published }
}

function announcement(fields: Partial<Announcement> = {}): Announcement {
  return {
    tenant: 't',
    refs: [mintRef()],
    queue: 'q',
    name: 'n',
    jobId: '1',
    attempt: 1,
    run: 1,
    state: 'completed',
    dueAt: null,
    claimedAt: 1,
    outcome: { type: 'ok', number: 1, attempt: 1, final: true, at: 2, codec: 'c', value: '1' },
    ...fields,
  }
}

test('an outcome that no other hub may await is told to none', () => {
  const { herald, published } = open()
  herald.announce([announcement()])
  expect(published).toEqual([])
})

test('an outcome is told to all hubs, or to the one alone that stored the job', () => {
  const { herald, published } = open()
  const [one, other] = [mintLease(), mintLease()]
  const jobs = [{ hub: one }, 'everywhere', { hub: other }, { hub: one }, undefined].map((elsewhere) =>
    announcement({ elsewhere: elsewhere as Announcement['elsewhere'] }),
  )
  herald.announce(jobs)
  expect(published).toEqual([
    { signal: { type: 'outcomes', jobs: [jobs[1]] }, to: undefined },
    { signal: { type: 'outcomes', jobs: [jobs[0], jobs[3]] }, to: one },
    { signal: { type: 'outcomes', jobs: [jobs[2]] }, to: other },
  ])
})

test('a job that waits again is offered to every hub', () => {
  const { herald, published } = open()
  const again = announcement({ state: 'available' })
  herald.announce([again])
  expect(published).toEqual([{ signal: { type: 'available', lanes: [again] }, to: undefined }])
})
