import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import type { Line } from '#e2e/bench/lines.js'
import type { Verdict } from '#e2e/bench/verdict.js'

const main = fileURLToPath(import.meta.resolve('#e2e/bench/main.js'))

interface Written {
  readonly scenarios: readonly { readonly scenario: string; readonly verdicts: readonly Verdict[]; readonly lines?: readonly Line[] }[]
}

/** Runs the benchmark as small as it goes, and answers with what it wrote; verdicts of so small a run may well fail. */
async function bench(...args: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'anchorleg-bench-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const json = join(folder, 'bench.json')
  const options = ['--rounds', '1', '--seconds', '0.1', '--folder', folder, '--json', json, ...args]
  const failed = await promisify(execFile)(process.execPath, [main, ...options]).then(
    () => '',
    (error: { stderr?: string }) => String(error.stderr),
  )
  expect(failed).not.toMatch(/Error|failed|wrote no such line/)
  return (JSON.parse(readFileSync(json, 'utf8')) as Written).scenarios
}

it('compares every peer that needs no server of others, over several workers and connections, and all at once', async () => {
  const peers = ['--systems', 'relay,relay-acked,ws-relay,anchorleg', '--outstanding', '8', '--workers', '2', '--connections', '4', '--slots', '10']
  const found = await bench('--scenario', 'clients-1000,await-many', '--value', '1000', ...peers)
  expect(found.map(({ scenario, lines }) => [scenario, lines?.length])).toEqual([
    ['clients-1000', 4],
    ['await-many', 4],
  ])
  const lines = found.flatMap(({ lines }) => lines ?? [])
  expect(lines.every(({ rate, cpuTimesRelay }) => rate.median > 0 && cpuTimesRelay.median > 0)).toBe(true)
  expect(lines.every(({ cpu }) => cpu.hub && cpu.worker && cpu.client)).toBe(true)
})

it('plays every scenario that has a course of its own', async () => {
  const scenarios = ['cold-start', 'trace', 'backlog', 'fairness', 'idle-clients', 'reattach', 'soak', 'prune']
  const found = await bench('--scenario', scenarios.join(','), '--jobs', '200', '--systems', 'anchorleg')
  expect(found.map(({ scenario, verdicts }) => [scenario, verdicts.length])).toEqual([
    ['cold-start', 0],
    ['trace', 0],
    ['backlog', 8],
    ['fairness', 1],
    ['idle-clients', 1],
    ['reattach', 2],
    ['soak', 3],
    ['prune', 2],
  ])
  const byScenario = (name: string) => found.find(({ scenario }) => scenario === name)?.verdicts
  expect(byScenario('idle-clients')?.[0]?.holds).toBe(true)
  expect(byScenario('reattach')?.[1]).toMatchObject({ measured: '200', holds: true })
})
