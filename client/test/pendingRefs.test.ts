import { expect, test } from 'vitest'
import { type Awaiter, PendingRefs } from '#client/pendingRefs.js'

const never = () => false
const names = (attachments: readonly { ref: string; want: string }[]) => attachments.map(({ ref, want }) => `${ref} ${want}`)

function awaiter(want: Awaiter['want'] = 'any'): Awaiter & { got: unknown[] } {
  const got: unknown[] = []
  return { want, got, outcome: (outcome) => void got.push(outcome) }
}

test('awaits of one ref share one attachment for each want', () => {
  const pending = new PendingRefs()
  for (const want of ['any', 'any', 'final', 'any'] as const) pending.add('a', awaiter(want))
  expect(names(pending.takeWaiting(never))).toEqual(['a any', 'a final'])
  expect(pending.takeWaiting(never)).toEqual([])
})

test('an attachment is given up when the last of its awaits ends, and not before', () => {
  const pending = new PendingRefs()
  const [first, second] = [awaiter(), awaiter()]
  pending.add('a', first)
  pending.add('a', second)
  pending.takeWaiting(never)
  pending.remove('a', first)
  expect(pending.takeLeaving()).toEqual([])
  pending.remove('a', second)
  expect(names(pending.takeLeaving())).toEqual(['a any'])
  expect(pending.of('a')).toEqual([])
})

test('an await that ends before it was attached is never told to the hub', () => {
  const pending = new PendingRefs()
  const one = awaiter()
  pending.add('a', one)
  pending.remove('a', one)
  expect([pending.takeWaiting(never), pending.takeLeaving(), pending.restless, pending.of('a')]).toEqual([[], [], false, []])
})

test('an await that comes while its attachment is being given up keeps it', () => {
  const pending = new PendingRefs()
  const [first, second] = [awaiter(), awaiter()]
  pending.add('a', first)
  pending.takeWaiting(never)
  pending.remove('a', first)
  pending.add('a', second)
  expect([pending.takeLeaving(), pending.takeWaiting(never)]).toEqual([[], []])
  pending.deliver('a', { final: true })
  expect(second.got).toHaveLength(1)
})

test('an outcome satisfies those who want any, a final one those who want the final one too', () => {
  const pending = new PendingRefs()
  const [any, final] = [awaiter('any'), awaiter('final')]
  pending.add('a', any)
  pending.add('a', final)
  pending.deliver('a', { final: false })
  expect([any.got, final.got]).toEqual([[{ final: false }], []])
  pending.deliver('a', { final: true })
  expect([any.got.length, final.got]).toEqual([1, [{ final: true }]])
  expect(pending.of('a')).toEqual([])
})

test('an outcome of a ref that nobody awaits is ignored', () => {
  const pending = new PendingRefs()
  expect(() => pending.deliver('a', { final: true })).not.toThrow()
})

test('a lost connection makes every attachment wait again, but not those given up', () => {
  const pending = new PendingRefs()
  const gone = awaiter()
  pending.add('a', awaiter())
  pending.add('b', gone)
  pending.add('c', awaiter('final'))
  for (const attachment of pending.takeWaiting(never)) pending.confirm(attachment)
  pending.remove('b', gone)
  pending.reset()
  expect(names(pending.takeWaiting(never))).toEqual(['a any', 'c final'])
  expect(pending.takeLeaving()).toEqual([])
})

test('a ref that is held back waits, and a submit carries one of its wants', () => {
  const pending = new PendingRefs()
  pending.add('a', awaiter('any'))
  pending.add('a', awaiter('final'))
  expect(pending.takeWaiting((ref) => ref === 'a')).toEqual([])
  expect(pending.takeFor('a')?.want).toBe('any')
  expect(names(pending.takeWaiting(never))).toEqual(['a final'])
  expect(pending.takeFor('b')).toBeUndefined()
})

test('an attachment that the hub did not take is asked for again, unless nobody shares it any longer', () => {
  const pending = new PendingRefs()
  const gone = awaiter()
  pending.add('a', awaiter())
  pending.add('b', gone)
  const asked = pending.takeWaiting(never)
  pending.remove('b', gone)
  for (const attachment of asked) pending.again(attachment)
  expect(names(pending.takeWaiting(never))).toEqual(['a any'])
})
