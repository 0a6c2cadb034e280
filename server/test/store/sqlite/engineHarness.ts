import { openDatabase } from '#server/store/sqlite/openDatabase.js'
import type { Method } from '#server/store/sqlite/operations.js'
import { sqliteEngine } from '#server/store/sqlite/sqliteEngine.js'
import type { Store, StoreSettings } from '#server/store/store.js'
import { type Harness, settings } from '../conformance/harness.js'

const methods: readonly Method[] = [
  ...([
    'insert',
    'claim',
    'settle',
    'renew',
    'shorten',
    'held',
    'release',
    'cancel',
    'retry',
    'progress',
    'emit',
    'read',
    'watch',
    'inspect',
  ] as const),
  ...(['setQueues', 'queues', 'depths', 'attend', 'abandoned', 'stage', 'expire', 'prune'] as const),
]

/**
 * The engine in this thread, over a database in memory and a clock of its own: a store that opens in milliseconds. A new
 * engine over the same database is what a restart is; whoever opens a store closes it.
 */
export const engineHarness: Harness = {
  survivesReopen: true,
  async open(changed = {}) {
    const db = openDatabase(':memory:')
    const clock = { at: 1_800_000_000_000, now: () => clock.at }
    const open = () => storeOver(db, { ...settings, ...changed }, clock)
    return {
      store: open(),
      advance: (ms) => void (clock.at += ms),
      reopen: async () => open(),
    }
  },
}

function storeOver(db: ReturnType<typeof openDatabase>, given: StoreSettings, clock: { now(): number }): Store {
  const engine = sqliteEngine(db, { settings: given, clock })
  let id = 0
  const ask =
    (method: Method) =>
    async (...args: unknown[]) => {
      const [answer] = engine.run([{ id: ++id, method, args }])
      if (!answer || !('value' in answer)) throw new Error(answer ? answer.trouble : 'expected an answer')
      return answer.value
    }
  const calls = Object.fromEntries(methods.map((method) => [method, ask(method)]))
  return { ...calls, close: async () => engine.close() } as unknown as Store
}
