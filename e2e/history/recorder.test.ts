import { spawnSync } from 'node:child_process'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test as base, expect } from 'vitest'
import { readHistory } from '#e2e/history/readHistory.js'
import { Recorder } from '#e2e/history/recorder.js'

const test = base.extend<{ folder: string }>({
  folder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'anchorleg-history-'))
    await use(folder)
    await rm(folder, { recursive: true, force: true })
  },
})

const built = fileURLToPath(new URL('../dist/history/recorder.js', import.meta.url))

test('a process that kills itself has written all that it had said before', async ({ folder }) => {
  const program = `
    const { Recorder } = await import(${JSON.stringify(built)})
    const recorder = new Recorder(${JSON.stringify(folder)}, 'short lived')
    for (let i = 0; i < 100; i += 1) recorder.write({ type: 'submit', ref: String(i) })
    process.kill(process.pid, 'SIGKILL')`
  const { signal } = spawnSync(process.execPath, ['--input-type=module', '--eval', program])
  expect(signal).toBe('SIGKILL')
  const events = await readHistory(folder)
  expect(events.map((event) => 'ref' in event && event.ref)).toEqual(Array.from({ length: 100 }, (_, i) => String(i)))
})

test('what several processes wrote is read in the order in which it happened, without a line that was cut', async ({ folder }) => {
  const one = new Recorder(folder, 'caller 1')
  const two = new Recorder(folder, 'caller 2')
  for (const ref of ['a', 'b', 'c', 'd']) (ref < 'c' ? one : two).write({ type: 'submit', ref })
  one.write({ type: 'ack', ref: 'c' })
  await appendFile(join(folder, 'caller-2.jsonl'), '{"type":"ack","re')
  const events = await readHistory(folder)
  expect(events.map(({ by, type }) => `${by} ${type}`)).toEqual([
    'caller 1 submit',
    'caller 1 submit',
    'caller 2 submit',
    'caller 2 submit',
    'caller 1 ack',
  ])
})
