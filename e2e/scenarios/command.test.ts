import { ConfigError, createHub } from '@anchorleg/server'
import { describe, expect } from 'vitest'
import { test } from './test.js'

const wrong: { args: string[]; env?: Record<string, string>; says: string }[] = [
  { args: ['--port', '99999'], says: 'port: expected a number of at most 65535, got "99999"' },
  { args: ['--port', 'http'], says: 'port: expected a number, got "http"' },
  { args: ['--lease', '5'], says: 'lease: expected a number of at least 1000, got "5"' },
  { args: ['--result-limit', '-1'], says: 'resultLimit: expected a number of at least 1024, got "-1"' },
  { args: ['--host', '0.0.0.0'], says: 'host: expected a loopback address' },
  { args: ['--path', 'socket'], says: 'path: expected text that starts with "/", got "socket"' },
  { args: ['--log-level', 'loud'], says: 'logLevel: expected one of trace, debug, info, warn, error, fatal, silent, got "loud"' },
  { args: ['--store', 'redis://localhost'], says: 'expected sqlite:<path>, postgres://… or memory:, got redis://' },
  { args: [], env: { ANCHORLEG_PORT: 'x' }, says: 'port: expected a number, got "x"' },
  { args: [], env: { ANCHORLEG_RESULT_LIMIT: '12' }, says: 'resultLimit: expected a number of at least 1024, got "12"' },
  { args: ['--speed', '9'], says: "unknown option '--speed'" },
]

describe('the command', () => {
  for (const { args, env, says } of wrong) {
    test(`says what it expected and ends: ${[...Object.entries(env ?? {}).map((pair) => pair.join('=')), 'hub', ...args].join(' ')}`, async ({
      house,
    }) => {
      const store = args.includes('--store') ? [] : ['--store', `sqlite:${house.folder}/hub.db`]
      const program = house.command(['hub', ...store, ...args], env)
      const { code } = await program.ended
      expect(program.output).toContain(says)
      expect(program.output).not.toContain('    at ')
      expect(code).toBe(1)
    })
  }

  test('says every wrong option at once', async ({ house }) => {
    const program = house.command(['hub', '--port', '-4', '--lease', 'long', '--store', 'memory:'])
    expect((await program.ended).code).toBe(1)
    expect(program.output).toContain('port: expected a number of at least 0, got "-4"')
    expect(program.output).toContain('lease: expected a number, got "long"')
  })

  test('takes its options from the environment as well, and a flag over them', async ({ house }) => {
    const env = { ANCHORLEG_PORT: '0', ANCHORLEG_STORE: 'redis:nowhere', ANCHORLEG_RESULT_LIMIT: '2048' }
    const program = house.command(['hub', '--store', 'memory:'], env)
    expect(await program.line(({ msg }) => msg === 'hub listening')).toMatchObject({ store: 'memory:', limits: { resultBytes: 2_048 } })
  })

  test('refuses a port that is taken', async ({ house, hub }) => {
    const program = house.command(['hub', '--port', String(hub.port), '--store', 'memory:'])
    expect((await program.ended).code).toBe(1)
    expect(program.output).toContain('EADDRINUSE')
    expect(program.output).not.toContain('    at ')
  })

  test('ends with code 0 at SIGTERM and at SIGINT', async ({ house }) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const hub = await house.hub()
      expect(await hub.stop(signal)).toEqual({ code: 0, signal: null })
    }
  })
})

describe('createHub', () => {
  const options: { given: object; says: RegExp }[] = [
    { given: { port: 99_999 }, says: /^port: expected a number of at most 65535, got 99999$/ },
    { given: { port: '4040x' }, says: /^port: expected a number, got "4040x"$/ },
    { given: { lease: Number.NaN }, says: /^lease: expected a number, got null$/ },
    { given: { host: 'example.org' }, says: /^host: expected a loopback address .*got "example\.org"$/ },
    { given: { stroe: 'memory:' }, says: /^unknown option stroe: expected one of store, port, / },
    { given: { store: 7 }, says: /^store: expected a string, got 7$/ },
  ]
  for (const { given, says } of options) {
    test(`throws at once for ${JSON.stringify(given)}`, () => {
      expect(() => createHub(given)).toThrow(says)
      expect(() => createHub(given)).toThrow(ConfigError)
    })
  }
})
