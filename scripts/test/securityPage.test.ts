import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
const page = readFileSync(new URL('SECURITY.md', root), 'utf8')
const promises = page.split('\n').filter((line) => line.startsWith('| ') && line.includes('`') && line.includes('test'))

it('every promise of SECURITY.md names tests, and all of them are there', () => {
  const tests = promises.map((line) =>
    [...line.matchAll(/`([\w/.-]+\/test\/[\w/.-]+|[\w/.-]+\.(?:test|spec)\.ts)`/g)].map(([, path]) => path as string),
  )
  expect(tests.length).toBeGreaterThan(10)
  expect(tests.filter((paths) => paths.length === 0)).toEqual([])
  expect(tests.flat().filter((path) => !existsSync(new URL(path, root)))).toEqual([])
})
