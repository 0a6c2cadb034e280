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
    [{ host: '0.0.0.0' }, 'host: expected a loopback address (127.0.0.1, ::1 or localhost), because this hub authenticates nobody; got "0.0.0.0"'],
  ]
  test.each(wrong)('%j', (options, message) => {
    const attempt = () => readConfig(options)
    expect(attempt).toThrow(ConfigError)
    expect(attempt).toThrow(message)
  })

  test('all wrong options are named at once', () => {
    expect(() => readConfig({ port: -1, lease: -1 })).toThrow(/port: .*\nlease: /)
  })
})
