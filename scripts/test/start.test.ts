import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { root } from '../run.mjs'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anchorleg-start-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Starts what `npm start` starts; resolves when it says that all is running. */
async function start() {
  const child = spawn(process.execPath, ['scripts/start.mjs', '--folder', folder], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  let output = ''
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (part: string) => {
        output += part
        if (output.includes('Stop with Ctrl-C')) resolve()
      })
    }
    ended.then((code) => reject(new Error(`ended with code ${code}:\n${output}`)))
  })
  return { child, ended, output }
}

it('npm start prints addresses that answer and a job that ran, and stops with everything it started', { timeout: 90_000 }, async () => {
  const { child, ended, output } = await start()
  const [hub, page] = [...output.matchAll(/http:\/\/127\.0\.0\.1:\d+/g)].map(String) as [string, string]
  expect((await fetch(`${hub}/readyz`)).status).toBe(200)
  expect(await (await fetch(page)).text()).toContain('<title>Image Studio</title>')
  expect(await (await fetch(`${page}/studio.json`)).json()).toEqual({ hub })
  expect(output).toMatch(/a 1200 × 800 picture came back as a 480 × 320 thumbnail and (#[0-9a-f]{6} )+in \d+ ms/)
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
  for (const url of [hub, page]) await expect(fetch(url)).rejects.toThrow()
})
