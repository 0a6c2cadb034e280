import { expect, test } from 'vitest'
import { endOfTurn, Gathering } from '#shared/index.js'

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
