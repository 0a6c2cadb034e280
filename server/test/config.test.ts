import { describe, expect, test } from 'vitest'
import { ConfigError, type HubOptions, readConfig } from '#server/config.js'

test('no option is needed', () => {
  expect(readConfig({})).toMatchObject({ store: 'sqlite:./anchorleg.db', port: 4040, host: '127.0.0.1', lease: 15_000, retention: 86_400 })
})

test('numbers may come as text, as the environment and the command line give them', () => {
  expect(readConfig({ port: '0', retention: '3600' } as unknown as HubOptions)).toMatchObject({ port: 0, retention: 3_600 })
})

test('a frame has room for the larger limit escaped throughout', () => {
  const { limits } = readConfig({ argsLimit: 1_000_000, resultLimit: 2_000_000 })
  expect(limits.frameBytes).toBeGreaterThanOrEqual(2 * 2_000_000 + 64 * 1024)
})

test('with a secret or a function, any address may be listened on', () => {
  for (const identity of [{ secret: 's'.repeat(32) }, { secret: ['s'.repeat(32), 't'.repeat(32)] }, { auth: () => undefined }]) {
    expect(readConfig({ host: '0.0.0.0', ...identity }).host).toBe('0.0.0.0')
  }
})

test('origins are kept as browsers send them', () => {
  const origins = ['https://App.example:443/', 'http://localhost:5173', 'capacitor://localhost']
  expect(readConfig({ secret: 's'.repeat(32), origins }).origins).toEqual(['https://app.example', 'http://localhost:5173', 'capacitor://localhost'])
})

describe('a wrong option says what was expected and what was given', () => {
  const wrong: [object, string][] = [
    [{ port: 70_000 }, 'port: expected a number of at most 65535, got 70000'],
    [{ port: 'http' }, 'port: expected a number, got "http"'],
    [{ port: '' }, 'port: expected a number, got ""'],
    [{ lease: 10 }, 'lease: expected a number of at least 1000, got 10'],
    [{ path: 'socket' }, 'path: expected text that starts with "/", got "socket"'],
    [{ logLevel: 'loud' }, 'logLevel: expected one of trace, debug, info, warn, error, fatal, silent, got "loud"'],
    [{ store: 7 }, 'store: expected a string, got 7'],
    [{ colour: 1 }, 'unknown option colour: expected one of store, port,'],
    [{ host: '0.0.0.0' }, 'host: expected a loopback address (127.0.0.1, ::1 or localhost), because this hub authenticates nobody'],
    [{ host: '0.0.0.0' }, 'secret (ANCHORLEG_SECRET), publicKeys or auth to listen anywhere; got "0.0.0.0"'],
    [{ secret: 'short' }, 'secret: expected at least 32 bytes'],
    [{ secret: ['s'.repeat(32), ''] }, 'secret: expected at least 32 bytes'],
    [{ secret: [] }, 'secret: expected at least one'],
    [{ publicKeys: '/nowhere' }, 'publicKeys: expected a public key as PEM, JSON Web Key or path of a file: ENOENT'],
    [{ auth: 'me' }, 'auth: expected a function'],
    [{ auth: () => undefined, secret: 's'.repeat(32) }, 'auth: expected neither secret nor publicKeys beside it'],
    [{ secret: 's'.repeat(32), audience: 'us' }, 'issuer, audience: expected publicKeys beside them'],
    [{ origins: ['https://app.example'] }, 'origins: expected secret, publicKeys or auth beside it'],
    [{ secret: 's'.repeat(32), origins: 'app.example' }, 'origins: expected origins such as https://app.example.org, got "app.example"'],
    [{ secret: 's'.repeat(32), origins: 'https://app.example/path' }, 'origins: expected origins such as'],
    [{ metrics: 'all' }, 'metrics: expected one of admin, open, got "all"'],
  ]
  test.each(wrong)('%j', (options, message) => {
    const attempt = () => readConfig(options)
    expect(attempt).toThrow(ConfigError)
    expect(attempt).toThrow(message)
  })

  test('but never what a secret was', () => {
    expect(() => readConfig({ secret: 'hunter2' })).toThrow(/^(?!.*hunter2)/s)
  })

  test('all wrong options are named at once', () => {
    expect(() => readConfig({ port: -1, lease: -1 })).toThrow(/port: .*\nlease: /)
  })
})
