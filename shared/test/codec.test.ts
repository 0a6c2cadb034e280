import { describe, expect, test } from 'vitest'
import { codecTag, DecodeError, EncodeError, open, seal, valueBounds } from '#shared/index.js'

const roundTrip = (value: unknown) => open(seal(value))

describe('what comes back as it was', () => {
  const values: [string, unknown][] = [
    ['a Date', new Date(0)],
    ['a Map in a Map', new Map([['a', new Map([[1, 2]])]])],
    ['a Set', new Set([1, 'two'])],
    ['a BigInt', 2n ** 64n],
    ['undefined', undefined],
    ['undefined in an object', { a: undefined }],
    ['NaN', Number.NaN],
    ['negative zero', -0],
    ['the infinities', [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
    ['a RegExp', /a+b/gi],
    ['a URL', new URL('http://example.test/?q=1')],
    ['an array with holes', Object.assign(new Array(3), { 0: 1, 2: 3 })],
    ['text of every kind', 'é ← 🏃 \u2028 </script> \\ "'],
    ['bytes', new Uint8Array([0, 1, 255])],
    ['floats', new Float64Array([0.1, Number.NaN])],
    ['big integers', new BigInt64Array([-1n])],
    ['a buffer', new Uint8Array([1, 2]).buffer],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
    ['a key named like a method', { constructor: 1, toString: 2, hasOwnProperty: 3 }],
  ]
  test.each(values)('%s', (_, value) => {
    expect(roundTrip(value)).toStrictEqual(value)
  })

  test('a cycle', () => {
    const value: { self?: unknown } = {}
    value.self = value
    const back = roundTrip(value) as typeof value
    expect(back.self).toBe(back)
  })

  test('a repeated reference', () => {
    const shared = { n: 1 }
    const back = roundTrip({ a: shared, b: shared }) as { a: unknown; b: unknown }
    expect(back.a).toBe(back.b)
  })
})

describe('errors travel as data', () => {
  test('with name, message, stack and cause', () => {
    const error = new TypeError('outer', { cause: new RangeError('inner') })
    expect(roundTrip(error)).toStrictEqual({
      name: 'TypeError',
      message: 'outer',
      stack: error.stack,
      cause: { name: 'RangeError', message: 'inner', stack: (error.cause as Error).stack },
    })
  })

  test('also an error that is its own cause, and one of a class of the user', () => {
    class Mine extends Error {
      override name = 'Mine'
    }
    const error = new Mine('again')
    error.cause = error
    const back = roundTrip(error) as { name: string; cause: unknown }
    expect(back.name).toBe('Mine')
    expect(back.cause).toBe(back)
  })
})

describe('a view', () => {
  test('never carries bytes of its buffer that it does not show', () => {
    const secret = new TextEncoder().encode('secret-and-public')
    const sealed = seal(secret.subarray(11))
    expect(sealed).not.toContain(btoa('secret').slice(0, 6))
    expect(new TextDecoder().decode(open(sealed) as Uint8Array)).toBe('public')
  })

  test('of wider elements keeps its elements', () => {
    expect(roundTrip(new Float32Array([1, 2, 3]).subarray(1))).toStrictEqual(new Float32Array([2, 3]))
    expect(new Uint8Array((roundTrip(new DataView(new Uint8Array([1, 2, 3]).buffer, 1)) as DataView).buffer)).toStrictEqual(new Uint8Array([2, 3]))
  })

  test('a Node Buffer comes back as plain bytes', () => {
    expect(roundTrip(Buffer.from('hi'))).toStrictEqual(new Uint8Array([104, 105]))
  })
})

describe('what cannot be encoded is refused with the path to it', () => {
  class Point {
    x = 1
  }
  const values: [string, unknown, string, string][] = [
    ['a function', { a: { b: function named() {} } }, '.a.b', 'Cannot encode the function "named" at .a.b.'],
    ['an instance of a class', { list: [new Point()] }, '.list[0]', 'Cannot encode an instance of Point at .list[0].'],
    ['a symbol in a Map', new Map([['k', Symbol('s')]]), '.get("k")', 'Cannot encode a symbol at .get("k").'],
    ['a promise', { p: Promise.resolve(1) }, '.p', 'Cannot encode a promise at .p.'],
    ['a class', [Point], '[0]', 'Cannot encode the function "Point" at [0].'],
    ['the root itself', () => {}, '', 'Cannot encode a function.'],
  ]
  test.each(values)('%s', (_, value, path, message) => {
    const attempt = () => seal(value)
    expect(attempt).toThrow(EncodeError)
    expect(attempt).toThrow(message)
    expect(attempt).toThrow(expect.objectContaining({ path }))
  })

  const refuse = () => {
    throw new Error('no')
  }

  test('a getter that throws becomes an encode error, not its own', () => {
    const value = Object.defineProperty({}, 'bad', { enumerable: true, get: refuse })
    expect(() => seal(value)).toThrow(new EncodeError('Cannot encode the value: no', ''))
  })
})

describe('bounds hold on both sides', () => {
  const nest = (levels: number) => {
    let value: unknown = 1
    for (let i = 0; i < levels; i++) value = [value]
    return value
  }
  const flat = (levels: number) => `[${Array.from({ length: levels }, (_, i) => `[${i + 1}]`).join(',')},1]`

  test('a value as deep as the bound goes through', () => {
    expect(roundTrip(nest(valueBounds.depth))).toStrictEqual(nest(valueBounds.depth))
  })

  test.each([valueBounds.depth + 1, 50_000])('a value of %i levels is refused before it is sent, and before it is built', (levels) => {
    expect(() => seal(nest(levels))).toThrow(EncodeError)
    expect(() => open(flat(levels))).toThrow(DecodeError)
  })

  test('a few bytes cannot claim a huge array', () => {
    const value: unknown[] = []
    value[valueBounds.sparseLength] = 1
    expect(() => seal(value)).toThrow(EncodeError)
    expect(() => open(`[[-7,${2 ** 32 - 1}]]`)).toThrow(DecodeError)
  })

  const half = valueBounds.sparseLength / 2
  const long = 'x'.repeat(valueBounds.patterns)
  const costly: [string, unknown[]][] = [
    ['many arrays that are huge together', [[1, 2, 3], ...Array.from({ length: 3 }, () => [-7, half])]],
    [
      'an array of less than no length, to make room for another',
      [
        [1, 2],
        [-7, -half],
        [-7, 3 * half],
      ],
    ],
    ['an integer that takes long to read', [['BigInt', '7'.repeat(valueBounds.digits + 1)]]],
    ['a regular expression that takes a minute to understand', [['RegExp', '\\p{RGI_Emoji}'.repeat(10_000), 'v']]],
    [
      'regular expressions that are long together',
      [
        [1, 2],
        ['RegExp', long, ''],
        ['RegExp', 'x', ''],
      ],
    ],
    ['a list in the place of a regular expression', [['RegExp', [[long, long]], '']]],
    ['a host that takes quadratic time to translate', [['URL', `http://${'一'.repeat(valueBounds.host + 1)}/`]]],
    ['such a host behind more slashes', [['URL', `http:////${'一'.repeat(valueBounds.host + 1)}/`]]],
    ['such a host behind a tab', [['URL', `http:/\t/${'一'.repeat(valueBounds.host + 1)}/`]]],
    ['such a host behind a scheme in capitals', [['URL', `HTTP://${'一'.repeat(valueBounds.host + 1)}/`]]],
  ]
  test.each(costly)('%s is refused before it is built', (_, flat) => {
    expect(() => open(JSON.stringify(flat))).toThrow(/^The sealed value has /)
  })

  test.each([
    ['an integer', BigInt(`1${'0'.repeat(valueBounds.digits)}`)],
    ['a regular expression', new RegExp(`${long}x`)],
    ['a host', new URL(`http://${'a.'.repeat(valueBounds.host)}/`)],
  ])('%s out of bounds is refused before it is sent', (_, value) => {
    expect(() => seal(value)).toThrow(EncodeError)
  })

  const tail = '/a?b'.repeat(10_000)
  test.each([
    'http://user:secret@host.test:8080',
    'https://host.test',
    'file://',
    'file://host.test',
    'data:text/plain,',
    'custom:',
    'custom://host',
  ])('a long URL of %s goes through', (head) => {
    const url = new URL(`${head}${tail}`)
    expect(roundTrip(url)).toEqual(url)
  })

  const mebibyte: [string, unknown][] = [
    ['100,000 numbers', Array.from({ length: 100_000 }, (_, i) => i)],
    ['700,000 bytes', new Uint8Array(700_000).fill(7)],
    ['10,000 records', Array.from({ length: 10_000 }, (_, id) => ({ id, name: `record ${id}`, at: new Date(id) }))],
    ['one text', 'é'.repeat(500_000)],
  ]
  test.each(mebibyte)('a mebibyte of %s goes through', (_, value) => {
    const sealed = seal(value)
    expect(sealed.length).toBeGreaterThan(400_000)
    expect(seal(open(sealed))).toBe(sealed)
  })
})

describe('a sealed value that is not one', () => {
  const malformed = [
    '',
    '[',
    'null',
    '{}',
    '[]',
    '"text"',
    '[[1',
    '5',
    '[["Nonsense",1]]',
    '[["Map",1]]',
    '[{"a":7}]',
    '[["Uint8Array",0]]',
    '[["BigInt","x"]]',
    '[["Date"]]x',
    '[["Set",[[1]]]]',
    '[["Object",0]]',
    '[["constructor",1],"return process"]',
    '[["__proto__",1],{"polluted":2},true]',
    '[["Uint8Array",1],["Array",2],1000000000]',
    '[["ArrayBuffer",1000000000]]',
    '[["URL",{"href":"x"}]]',
    `[["Date",${'['.repeat(50_000)}${']'.repeat(50_000)}]]`,
  ]
  test.each(malformed.map((text) => [text.slice(0, 60), text]))('%j is a decode error', (_, text) => {
    expect(() => open(text)).toThrow(DecodeError)
  })

  test('cannot reach a prototype', () => {
    expect(() => open('[{"__proto__":1},{"polluted":2},true]')).toThrow(DecodeError)
    expect(() => open('[["null","__proto__",1],{"polluted":2},true]')).toThrow(DecodeError)
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  test('of another codec is refused by its tag', () => {
    expect(() => open(seal(1), 'd7')).toThrow('Cannot read values of codec "d7"; this package reads "d6".')
    expect(open(seal(1), codecTag)).toBe(1)
  })
})
