import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { mintLease } from '@anchorleg/shared'
import { expect, test } from 'vitest'
import { LeaseBoard } from '#client/worker/leaseBoard.js'

const forever = Number.POSITIVE_INFINITY
const entry = (jobId: string, timeout = forever) => ({ lease: { jobId, lease: mintLease() }, timeout })

test('what is written on a board is read on another of the same memory', () => {
  const board = LeaseBoard.make(3)
  const [a, b] = [entry('1', 5_000), entry('9'.repeat(32))]
  board.write(0, a)
  board.write(2, b)
  expect(new LeaseBoard(board.memory).read()).toEqual([a, b])
  board.clear(0)
  expect(new LeaseBoard(board.memory).read()).toEqual([b])
  expect([board.places, LeaseBoard.make(1).read()]).toEqual([3, []])
})

test('a place is written over whole', () => {
  const board = LeaseBoard.make(1)
  board.write(0, entry('a much longer job id', 5))
  const last = entry('1')
  board.write(0, last)
  expect(board.read()).toEqual([last])
})

test('the longest ids that the protocol has fit, whatever their characters', () => {
  const board = LeaseBoard.make(2)
  const long = { lease: { jobId: '\uffff'.repeat(32), lease: '\uffff'.repeat(32) }, timeout: 1 }
  board.write(0, long)
  board.write(1, entry('1'))
  expect(board.read()[0]).toEqual(long)
})

test('beats are counted', () => {
  const board = LeaseBoard.make(1)
  expect(board.beats).toBe(0)
  board.beat()
  board.beat()
  expect(new LeaseBoard(board.memory).beats).toBe(2)
})

/** Reads a board over and over, and tells of the first entry whose parts do not belong together. */
const reader = `
  import { parentPort, workerData } from 'node:worker_threads'
  import { LeaseBoard } from ${JSON.stringify(import.meta.resolve('#client/worker/leaseBoard.js'))}
  const board = new LeaseBoard(workerData)
  let seen = 0
  let torn
  while (board.beats === 0 && !torn) {
    for (const entry of board.read()) {
      seen += 1
      const { lease: { jobId, lease }, timeout } = entry
      if (lease !== jobId[0].repeat(32) || timeout !== Number(jobId[0])) torn = entry
    }
  }
  parentPort.postMessage({ seen, torn })
`

test('a reader never takes half of one lease and half of another', async () => {
  const board = LeaseBoard.make(2)
  const thread = new Worker(new URL(`data:text/javascript,${encodeURIComponent(reader)}`), { workerData: board.memory })
  const told = once(thread, 'message')
  await once(thread, 'online')
  const end = performance.now() + 300
  for (let i = 0; performance.now() < end; i += 1) {
    const digit = String(i % 10)
    board.write(i % 2, { lease: { jobId: digit.repeat(1 + (i % 32)), lease: digit.repeat(32) }, timeout: i % 10 })
  }
  board.beat()
  const [{ seen, torn }] = await told
  await thread.terminate()
  expect([torn, seen > 100]).toEqual([undefined, true])
})
