import type Database from 'better-sqlite3'
import { onTestFinished } from 'vitest'
import { openDatabase } from '#server/store/sqlite/openDatabase.js'
import type { Method, Operations } from '#server/store/sqlite/operations.js'
import { sqliteEngine } from '#server/store/sqlite/sqliteEngine.js'
import type { StoreSettings } from '#server/store/store.js'
import { settings } from '../conformance/harness.js'

/** The engine in this process, over a database in memory, with a clock and a chance that the test owns. */
export interface Bench {
  readonly db: Database.Database
  readonly clock: { at: number; now(): number }
  /** Runs one request in a transaction of its own. */
  ask<M extends Method>(method: M, ...args: Parameters<Operations[M]>): ReturnType<Operations[M]>
}

export function engineBench(changed: Partial<StoreSettings> = {}, db = openDatabase(':memory:')): Bench {
  const clock = { at: 1_800_000_000_000, now: () => clock.at }
  const engine = sqliteEngine(db, { settings: { ...settings, ...changed }, clock, random: () => 0.5 })
  onTestFinished(() => engine.close())
  let id = 0
  return {
    db,
    clock,
    ask(method, ...args) {
      const [answer] = engine.run([{ id: ++id, method, args }])
      if (!answer || !('value' in answer)) throw new Error(answer ? answer.trouble : 'expected an answer')
      return answer.value as ReturnType<Operations[typeof method]>
    },
  }
}
