import { expect, test } from 'vitest'
import { readConfig } from '#server/config.js'

const secret = 'x'.repeat(32)

test('a hub that knows its peers bounds what each may use', () => {
  expect(readConfig({ secret }).bounds).toMatchObject({ submitsPerTenant: 10_000, awaitsPerConnection: 10_000, connectionsPerAddress: 1_000 })
})

test('a hub that knows nobody does not tell peers apart, unless it is asked to', () => {
  const none = Number.POSITIVE_INFINITY
  expect(readConfig({}).bounds).toMatchObject({ submitsPerTenant: none, awaitsPerConnection: none, connectionsPerAddress: none })
  expect(readConfig({ submitsPerTenant: 5 }).bounds).toMatchObject({ submitsPerTenant: 5, submitsPerConnection: none })
})

test('what protects the hub itself is bounded in any case', () => {
  expect(readConfig({}).bounds).toMatchObject({
    messagesPerConnection: 10_000,
    handshakeTimeout: 10_000,
    bufferLimit: 16 * 1024 * 1024,
    trustProxy: 0,
  })
})

test('0 is no bound', () => {
  expect(readConfig({ secret, connectionsPerAddress: 0 }).bounds.connectionsPerAddress).toBe(Number.POSITIVE_INFINITY)
})

test('the largest frames always find room', () => {
  const { bounds, limits } = readConfig({ bufferLimit: 65_536, resultLimit: 50_000_000 })
  expect(bounds.bufferLimit).toBeGreaterThanOrEqual(4 * limits.frameBytes)
})

test('a wrong one is named', () => {
  expect(() => readConfig({ trustProxy: -1 })).toThrow('trustProxy: expected a number of at least 0, got -1')
})
