import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { House } from '#e2e/harness/house.js'
import { double } from '#e2e/harness/jobs.js'
import { test } from './test.js'

/** Starts a hub that is not to come up, and gives what it said. */
async function refusal(house: House, file: string): Promise<string> {
  const program = house.command(['hub', '--port', '0', '--store', `sqlite:${file}`])
  const { code } = await program.ended
  expect(code).toBe(1)
  expect(program.lines(({ msg }) => msg === 'hub listening')).toEqual([])
  expect(program.output).not.toContain('    at ')
  return program.output
}

/** Writes a number where SQLite's file format keeps `user_version`: 60 bytes into the file. */
async function setSchemaVersion(file: string, version: number): Promise<void> {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(version)
  const handle = await open(file, 'r+')
  await handle.write(bytes, 0, 4, 60)
  await handle.close()
}

describe('a hub refuses to start, and says why', () => {
  test('on a file that is no database', async ({ house }) => {
    const file = join(house.folder, 'notes.txt')
    await writeFile(file, 'Dear diary, '.repeat(1_000))
    expect(await refusal(house, file)).toContain(`Cannot open ${file}: it is not an SQLite database`)
  })

  test('on a database that a newer version has written', async ({ house }) => {
    const hub = await house.hub()
    const file = hub.store.slice('sqlite:'.length)
    expect(await hub.stop('SIGTERM')).toEqual({ code: 0, signal: null })
    await setSchemaVersion(file, 4_000)
    expect(await refusal(house, file)).toMatch(/a newer version has written it \(its schema is 4000, this version knows \d+\)/)
  })

  test('on the file of a hub that runs, which goes on', async ({ house, hub, client }) => {
    const file = hub.store.slice('sqlite:'.length)
    expect(await refusal(house, file)).toContain(`Cannot open ${file}: another process holds it`)
    expect(await client.await(client.async(double.new({ int: 1 })))).toEqual({ type: 'ok', value: 2 })
  })

  test('in a folder that is not there', async ({ house }) => {
    const file = join(house.folder, 'nowhere', 'hub.db')
    expect(await refusal(house, file)).toContain(`the folder ${join(house.folder, 'nowhere')} does not exist`)
  })

  test('on a folder', async ({ house }) => {
    expect(await refusal(house, house.folder)).toContain(`Cannot open ${house.folder}: it is not a file`)
  })
})
