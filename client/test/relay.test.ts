import { expect, test } from 'vitest'
import { connect, defineJob } from '#client/index.js'
import { isRelay, makeRelay } from '#client/relay.js'

const ref = '01890a5d-ac96-774b-bcce-b302099a8057'
const double = defineJob({ name: 'double', queue: 'maths' })
const { attach } = connect('http://127.0.0.1:1')

test('a relay is frozen plain JSON that survives every copy', () => {
  const relay = makeRelay(ref, true, { name: 'a', queue: 'default' })
  expect(Object.isFrozen(relay) && Object.isFrozen(relay.job)).toBe(true)
  expect(JSON.parse(JSON.stringify(relay))).toEqual(relay)
  expect(structuredClone(relay)).toEqual(relay)
  expect(isRelay(new Proxy(relay, {}))).toBe(true)
  expect(attach(new Proxy(relay, {}))).toEqual(relay)
})

test('attach takes a ref, a relay, its copy and its JSON, and asks nobody', () => {
  const relay = makeRelay(ref, true, { name: 'a', queue: 'default' })
  expect(attach(ref)).toEqual({ ref, conflict: false, job: null })
  expect(attach(relay)).toEqual(relay)
  expect(attach({ ref })).toEqual({ ref, conflict: false, job: null })
  expect(attach(JSON.stringify(relay))).toEqual(relay)
  expect(attach(` ${JSON.stringify(relay, null, 2)}`)).toEqual(relay)
})

test('attach names the job of a definition where the source does not', () => {
  expect(attach(ref, double).job).toEqual({ name: 'double', queue: 'maths' })
  expect(attach({ ref, job: { name: 'double', queue: 'slow' } } as { ref: string }, double).job).toEqual({ name: 'double', queue: 'slow' })
})

test('attach takes over nothing else that a relay from elsewhere may hold', () => {
  const relay = attach(JSON.stringify({ ref, conflict: 'yes', job: { name: 1 }, __proto__: null, more: 1 }))
  expect(relay).toEqual({ ref, conflict: false, job: null })
})

test.each(['', 'x', '{', '{}', '{"ref":1}', ref.toUpperCase(), null, undefined, 3, {}, { ref: 'x' }])(
  'attach refuses what names no ref: %j',
  (source) => {
    expect(() => attach(source as string)).toThrow(TypeError)
    expect(() => attach(source as string)).toThrow('expected a ref (a UUID in lower case), a relay or its JSON, got')
  },
)
