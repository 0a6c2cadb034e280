import { expect, test } from 'vitest'
import { EventBuffer } from '#client/eventBuffer.js'
import { RelayError } from '#client/index.js'
import type { SealedEvent } from '#client/watchEvent.js'

const progress = (value: string) => ({ type: 'progress', attempt: 1, codec: 'd6', value }) as const
const chunk = (index: number) => ({ type: 'chunk', attempt: 1, index, codec: 'd6', value: '' }) as const
const state = (attempt: number) => ({ type: 'state', state: 'executing', attempt, at: 0 }) as const

async function drain(buffer: EventBuffer): Promise<SealedEvent[]> {
  const read: SealedEvent[] = []
  for (let event = await buffer.take(); event; event = await buffer.take()) read.push(event)
  return read
}

test('events are read in order, those waited for as soon as they are there', async () => {
  const buffer = new EventBuffer()
  const [first, second] = [buffer.take(), buffer.take()]
  for (const index of [0, 1, 2]) buffer.put(chunk(index))
  buffer.end()
  expect([await first, await second, ...(await drain(buffer))]).toEqual([chunk(0), chunk(1), chunk(2)])
})

test('unread progress gives way to newer progress, chunks to nothing', async () => {
  const buffer = new EventBuffer()
  for (const event of [progress('a'), chunk(0), progress('b'), chunk(1), progress('c')]) buffer.put(event)
  buffer.end()
  expect(await drain(buffer)).toEqual([chunk(0), chunk(1), progress('c')])
})

test('of very many unread states the oldest give way', async () => {
  const buffer = new EventBuffer()
  for (let attempt = 1; attempt <= 100; attempt += 1) buffer.put(state(attempt))
  buffer.end()
  expect((await drain(buffer)).map((event) => 'attempt' in event && event.attempt)).toEqual(Array.from({ length: 64 }, (_, i) => i + 37))
})

test('an error is told once, behind what is unread, and then there is nothing more', async () => {
  const buffer = new EventBuffer()
  buffer.put(chunk(0))
  buffer.end(new RelayError('expired', 'Gone.'))
  buffer.put(chunk(1))
  expect(await buffer.take()).toEqual(chunk(0))
  await expect(buffer.take()).rejects.toMatchObject({ code: 'expired' })
  expect(await buffer.take()).toBeUndefined()
})

test('the end reaches everyone who waits', async () => {
  const buffer = new EventBuffer()
  const waiting = [buffer.take(), buffer.take()]
  buffer.end()
  buffer.end(new RelayError('expired', 'Too late to matter.'))
  expect(await Promise.all(waiting)).toEqual([undefined, undefined])
})

test('what was dropped is not read', async () => {
  const buffer = new EventBuffer()
  buffer.put(chunk(0))
  buffer.clear()
  buffer.end()
  expect(await drain(buffer)).toEqual([])
})
