import { expect, test } from 'vitest'
import { endOfTurn, Gathering, stride } from '#shared/index.js'

const turn = () => new Promise<void>((resolve) => endOfTurn(resolve))

test('what is added in one turn, microtasks included, is handed over as one list', async () => {
  const lists: number[][] = []
  const gathering = new Gathering<number>((items) => lists.push(items))
  gathering.add(1)
  await Promise.resolve().then(() => gathering.add(2))
  for (let microtask = 0; microtask < 20; microtask++) await undefined
  gathering.add(3)
  expect(lists).toEqual([])
  await turn()
  expect(lists).toEqual([[1, 2, 3]])
})

test('the next turn makes the next list', async () => {
  const lists: number[][] = []
  const gathering = new Gathering<number>((items) => lists.push(items))
  gathering.add(1)
  await turn()
  gathering.add(2)
  await turn()
  await turn()
  expect(lists).toEqual([[1], [2]])
})

test('a list that holds a stride of entries is handed over at once, and what comes behind it at the end of the turn', async () => {
  const lists: number[][] = []
  const gathering = new Gathering<number>(
    (items) => lists.push(items),
    (entries) => entries,
  )
  for (const entries of [1, stride - 2, 1, 3, 4]) gathering.add(entries)
  expect(lists).toEqual([[1, stride - 2, 1]])
  await turn()
  expect(lists).toEqual([
    [1, stride - 2, 1],
    [3, 4],
  ])
  gathering.add(stride)
  expect(lists[2]).toEqual([stride])
  await turn()
  expect(lists).toHaveLength(3)
})
