import { copyFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '#server/store/sqlite/openDatabase.js'
import { syncLog } from '#server/store/sqlite/syncLog.js'
import { temporaryFolder } from '../temporaryFolder.js'

/** A database with a disk of which a test says whether it takes what is written. */
function aDisk() {
  const file = join(temporaryFolder(), 'hub.db')
  const db = openDatabase(file)
  const disk = { takes: true, flushes: 0 }
  const log = syncLog(db, async () => {
    disk.flushes += 1
    if (!disk.takes) throw new Error('EIO')
  })
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

test('a log that the disk does not take counts once it was copied into the file', async () => {
  const { file, disk, log, pause } = aDisk()
  pause('a')
  await log.sync()
  expect(checkpointed(file)).toEqual([])
  pause('b')
  disk.takes = false
  await log.sync()
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
  await expect(log.sync()).rejects.toThrow()
  disk.takes = true
  await expect(log.sync()).rejects.toThrow()
  reading.return?.()
  expect(disk.flushes).toBe(1)
  await log.sync()
  expect(checkpointed(file)).toEqual(['a'])
  await log.sync()
  expect(disk.flushes).toBe(2)
})
