import { expect, it } from 'vitest'
import { type Column, figure, layOut } from '#e2e/bench/table.js'

const columns: Column[] = [
  { heading: 'system', align: 'left' },
  { heading: 'jobs/s', align: 'right' },
]
const rows = [
  ['relay', '20,000'],
  ['a longer name', '1'],
]

it('aligns columns as plain text', () => {
  const lines = ['system         jobs/s', '-------------  ------', 'relay          20,000', 'a longer name       1']
  expect(layOut(columns, rows).split('\n')).toEqual(lines)
})

it('writes the same table as Markdown', () => {
  const lines = ['| system        | jobs/s |', '| ------------- | -----: |', '| relay         | 20,000 |', '| a longer name |      1 |']
  expect(layOut(columns, rows, { markdown: true }).split('\n')).toEqual(lines)
})

it('writes about three digits of a small number, and a large one whole', () => {
  expect([0.1249, 1.25, 12.34, 123.4, 38_123.7, Number.NaN].map(figure)).toEqual(['0.125', '1.25', '12.3', '123', '38,124', '–'])
})
