import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encode, pack, unpack } from '#server/store/postgres/text.js'

test('any text comes back as it was, and none that is packed holds U+0000', () => {
  const text = fc.string({ unit: fc.constantFrom('\0', '\uE000', '0', '1', 'a', '"', '\\', '🏁') })
  fc.assert(
    fc.property(text, (given) => {
      expect(unpack(pack(given))).toBe(given)
      expect(pack(given)).not.toContain('\0')
    }),
  )
})

test('a list becomes an array, with its quotes and its gaps', () => {
  expect(encode(['a"b\\c', null, '', 'NULL', undefined])).toBe('{"a\\"b\\\\c",NULL,"","NULL",NULL}')
  expect(encode([1, 2.5, true])).toBe('{1,2.5,t}')
  expect(encode([])).toBe('{}')
})

test('what no column takes is refused before it is sent', () => {
  for (const wrong of [Number.NaN, {}, () => {}]) expect(() => encode([wrong as never])).toThrow(TypeError)
})
