import { copyFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '#server/store/sqlite/openDatabase.js'
import { type LogSync, syncLog } from '#server/store/sqlite/syncLog.js'
import { temporaryFolder } from '../temporaryFolder.js'

/** A database with a disk of which a test says whether it takes what is written. */
function aDisk() {
  const file = join(temporaryFolder(), 'hub.db')
  const db = openDatabase(file)
  const disk = { takes: true, flushes: 0 }
  const now = () => {
    disk.flushes += 1
    if (!disk.takes) throw new Error('EIO')
  }
  const log = syncLog(db, { now, soon: async () => now() })
  onTestFinished(() => {
    log.close()
    db.close()
  })
  const pause = (name: string) => db.prepare('INSERT INTO queues (name, paused) VALUES (?, 1)').run(name)
  return { file, db, disk, log, pause }
}

/** The queues in the file without its log. */
function checkpointed(file: string): unknown[] {
  const copy = `${file}-copy`
  copyFileSync(file, copy)
  const db = openDatabase(copy)
  const names = db.prepare('SELECT name FROM queues ORDER BY name').pluck().all()
  db.close()
  return names
}

describe.each([
  ['beside other work', (log: LogSync) => log.soon()],
  ['in place', async (log: LogSync) => log.now()],
])('synced %s', (_, sync) => {
  test('a log that the disk does not take counts once it was copied into the file', async () => {
    const { file, disk, log, pause } = aDisk()
    pause('a')
    await sync(log)
    expect(checkpointed(file)).toEqual([])
    pause('b')
    disk.takes = false
    await sync(log)
    expect(checkpointed(file)).toEqual(['a', 'b'])
    expect(statSync(`${file}-wal`).size).toBe(0)
  })

  test('while it cannot be copied either, nothing counts, however the next sync goes', async () => {
    const { file, db, disk, log, pause } = aDisk()
    pause('a')
    disk.takes = false
    // A log that is read cannot be emptied.
    const reading = db.prepare('SELECT name FROM queues').iterate()
    reading.next()
    await expect(sync(log)).rejects.toThrow()
    disk.takes = true
    await expect(sync(log)).rejects.toThrow()
    reading.return?.()
    expect(disk.flushes).toBe(1)
    await sync(log)
    expect(checkpointed(file)).toEqual(['a'])
    await sync(log)
    expect(disk.flushes).toBe(2)
  })
})
