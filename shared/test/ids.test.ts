import { expect, test } from 'vitest'
import { isRef, mintLease, mintRef } from '#shared/index.js'

test('a ref is a UUIDv7 of its clock’s time', () => {
  const ref = mintRef({ now: () => 0x0123456789ab })
  expect(ref).toMatch(/^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

test('each of its 74 free bits varies', () => {
  const clock = { now: () => 0 }
  const refs = Array.from({ length: 512 }, () => BigInt(`0x${mintRef(clock).replaceAll('-', '')}`))
  const ever = refs.reduce((a, b) => a | b)
  const always = refs.reduce((a, b) => a & b)
  const varying = (ever ^ always).toString(2).replaceAll('0', '').length
  expect(varying).toBe(74)
})

test('refs and lease tokens never repeat', () => {
  const many = 20_000
  expect(new Set(Array.from({ length: many }, () => mintRef())).size).toBe(many)
  expect(new Set(Array.from({ length: many }, mintLease)).size).toBe(many)
  expect(mintLease()).toMatch(/^[0-9a-f]{32}$/)
})

test('only a UUID in lower case is a ref', () => {
  expect(isRef(mintRef())).toBe(true)
  for (const value of ['', mintRef().toUpperCase(), `${mintRef()} `, mintRef().slice(1), 7, null]) expect(isRef(value)).toBe(false)
})
