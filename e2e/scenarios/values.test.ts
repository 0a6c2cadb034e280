import { describe, expect } from 'vitest'
import { act } from '#e2e/harness/jobs.js'
import { test } from './test.js'

const plain: Record<string, unknown> = {
  undefined: undefined,
  null: null,
  'minus zero': -0,
  NaN: Number.NaN,
  infinities: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  'text of every kind': ['', '"\\\n\u2028', 'é 漢 🏃', '\u0000'],
  'a lone surrogate': '\ud800',
  'lone surrogates and NUL, in keys too': [{ '\udc00 key\u0000': ['a\ud83c', new Map([['\ud800', new Set(['\udfff\ud800'])]])] }, '\ud800🏁\udc00'],
  BigInt: 2n ** 70n,
  Date: new Date('2026-02-03T04:05:06.789Z'),
  'an invalid Date': new Date(Number.NaN),
  RegExp: /a(b)+/giu,
  URL: new URL('https://example.org/a?b=c#d'),
  Map: new Map<unknown, unknown>([
    [{ key: 1 }, new Set([1])],
    ['a', undefined],
  ]),
  Set: new Set<unknown>([1, 'two', null, Number.NaN]),
  'a hole in an array': [1, , 3],
  'an object without a prototype': Object.assign(Object.create(null), { a: 1 }),
  'the bytes of an ArrayBuffer': new Uint8Array([1, 2, 3]).buffer,
  'numbers of typed arrays': [new Uint8Array([0, 255]), new Int16Array([-1]), new Float64Array([0.1, -0]), new BigInt64Array([-5n])],
  'keys that objects have already': { constructor: 1, toString: 2, hasOwnProperty: 3 },
}

describe('values come back as they were', () => {
  for (const [kind, value] of Object.entries(plain)) {
    test(kind, async ({ client }) => {
      const result = await client.await(client.async(act.new({ do: 'value', value })))
      expect(result).toStrictEqual({ type: 'ok', value })
    })
  }

  test('a cycle', async ({ client }) => {
    const value: { self?: unknown; list: unknown[] } = { list: [] }
    value.self = value
    value.list.push(value.list)
    const result = await client.await(client.async(act.new({ do: 'value', value })))
    const got = (result as { value: typeof value }).value
    expect(got.self).toBe(got)
    expect(got.list[0]).toBe(got.list)
  })

  test('one thing referred to twice stays one', async ({ client }) => {
    const part = { n: 1 }
    const result = await client.await(client.async(act.new({ do: 'value', value: [part, new Map([[part, part]])] })))
    const [first, map] = (result as { value: [object, Map<object, object>] }).value
    expect([...map.entries()]).toEqual([[{ n: 1 }, { n: 1 }]])
    expect([...map.keys()][0]).toBe(first)
    expect([...map.values()][0]).toBe(first)
  })

  test('an Error comes as plain data', async ({ client }) => {
    const value = new RangeError('too far', { cause: new Error('deeper') })
    const result = await client.await(client.async(act.new({ do: 'value', value })))
    const got = (result as { value: Record<string, unknown> }).value
    expect(got).toMatchObject({ name: 'RangeError', message: 'too far', cause: { name: 'Error', message: 'deeper' } })
    expect(got).not.toBeInstanceOf(Error)
  })

  test('a view shows no byte beyond its own', async ({ client }) => {
    const secret = new Uint8Array(64).fill(7)
    const result = await client.await(client.async(act.new({ do: 'value', value: secret.subarray(8, 10) })))
    const got = (result as { value: Uint8Array }).value
    expect(got).toEqual(new Uint8Array([7, 7]))
    expect(got.buffer.byteLength).toBe(2)
  })

  test('in reasons of cancel, discard and error too', async ({ client }) => {
    const value = new Map([['at', new Date(5)]])
    expect(await client.await(client.async(act.new({ do: 'cancel', value })))).toStrictEqual({ type: 'cancel', reason: value })
    expect(await client.await(client.async(act.new({ do: 'discard', value })))).toStrictEqual({ type: 'discard', reason: value })
    expect(await client.await(client.async(act.new({ do: 'error', value })))).toHaveProperty('error.reason', value)
  })

  test('in a reason whose text no store takes as it is: that comes back too, and its message is the same for everyone', async ({
    client,
    shared,
    hub,
  }) => {
    const value = 'half \ud800, NUL \u0000'
    const relay = await client.async(act.new({ do: 'error', value }, { maxAttempts: 1 }))
    const told = await client.await(relay)
    expect(told).toMatchObject({ type: 'error', error: { code: 'failed', reason: value } })
    const later = shared.house.connect(hub)
    expect(await later.await(later.attach(relay.ref))).toEqual(told)
    expect((await client.inspect(relay)).errors).toMatchObject([{ message: (told as { error: { message: string } }).error.message }])
  })

  test('in meta and tags; half a surrogate pair is no tag', async ({ client }) => {
    const [meta, tags] = [{ 'half \ud800': ['NUL \u0000', '\udfff'] }, ['NUL \u0000']]
    await expect(client.async(act.new({ do: 'void' }, { tags: ['\ud800'] }))).rejects.toMatchObject({ code: 'invalid_job' })
    const relay = await client.async(act.new({ do: 'void' }, { meta, tags }))
    await client.await(relay)
    expect(await client.inspect(relay)).toMatchObject({ meta, tags })
  })
})

class Person {
  readonly name = 'Ada'
}

const unsendable: { what: string; value: unknown; path: (string | number)[]; says: RegExp }[] = [
  { what: 'a function', value: { list: [{ call: () => 1 }] }, path: ['value', 'list', 0, 'call'], says: /function/ },
  { what: 'an instance of a class', value: { made: new Person() }, path: ['value', 'made'], says: /instance of Person/ },
  { what: 'a symbol', value: [Symbol('s')], path: ['value', 0], says: /symbol/ },
  { what: 'a promise', value: { soon: Promise.resolve(1) }, path: ['value', 'soon'], says: /promise/ },
  { what: 'a key that would reach a prototype', value: JSON.parse('{"a":{"__proto__":{"polluted":1}}}'), path: ['value', 'a'], says: /__proto__/ },
]

describe('what is no data is refused, by its path', () => {
  for (const { what, value, path, says } of unsendable) {
    test(`${what} in args, before anything is sent`, async ({ client }) => {
      const job = act.new({ do: 'value', value })
      await expect(client.async(job)).rejects.toMatchObject({ code: 'invalid_job', issues: [{ path, message: expect.stringMatching(says) }] })
      expect(await client.await(client.attach(job.ref))).toMatchObject({ error: { code: 'not_found' } })
    })
  }

  for (const [deed, path] of [
    ['function', '.list[0].call'],
    ['class', '.made'],
    ['symbol', '[0]'],
  ] as const) {
    test(`a ${deed} in a result, which ends the job`, async ({ client }) => {
      const result = await client.await(client.async(act.new({ do: deed })))
      expect(result).toMatchObject({ type: 'error', error: { code: 'invalid_result', attempt: 1, state: 'discarded' } })
      expect((result as { error: { message: string } }).error.message).toContain(path)
    })
  }
})
