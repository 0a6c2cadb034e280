import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { add, lineOf, tallyOfPlaywright, tallyOfVitest } from '../tally.mjs'

const folder = mkdtempSync(join(tmpdir(), 'anchorleg-tally-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let written = 0
function report(content: object): string {
  const file = join(folder, `${++written}.json`)
  writeFileSync(file, JSON.stringify(content))
  return file
}

const tests = (...statuses: string[]) => statuses.map((status) => ({ status }))

describe('the sum of the tests', () => {
  it('counts what passed, failed and was skipped in Vitest', () => {
    const file = report({
      testResults: [
        { status: 'failed', assertionResults: tests('passed', 'failed') },
        { status: 'passed', assertionResults: tests('passed', 'skipped', 'todo') },
      ],
    })
    expect(tallyOfVitest(file, 1)).toEqual({ passed: 2, failed: 1, skipped: 2 })
  })

  it('counts a file that does not load as a failure', () => {
    const file = report({ testResults: [{ status: 'failed', assertionResults: [] }] })
    expect(tallyOfVitest(file, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })

  it('never calls a run clean that ended with an error', () => {
    const file = report({ testResults: [{ status: 'passed', assertionResults: tests('passed') }] })
    expect(tallyOfVitest(file, 1)).toEqual({ passed: 1, failed: 1, skipped: 0 })
  })

  it('counts a run that left no report as a failure', () => {
    const complaint = vi.spyOn(console, 'error').mockImplementation(() => {})
    expect(tallyOfPlaywright(join(folder, 'none.json'), 0)).toEqual({ passed: 0, failed: 1, skipped: 0 })
    expect(complaint).toHaveBeenCalledOnce()
  })

  it('takes a flaky browser test for a failed one', () => {
    const file = report({ stats: { expected: 3, unexpected: 1, flaky: 1, skipped: 2 } })
    expect(tallyOfPlaywright(file, 1)).toEqual({ passed: 3, failed: 2, skipped: 2 })
  })

  it('is one plain line that hides no skipped test', () => {
    expect(lineOf(add({ passed: 2, failed: 0, skipped: 0 }, { passed: 5, failed: 1, skipped: 0 }))).toBe('7 passed, 1 failed')
    expect(lineOf({ passed: 7, failed: 0, skipped: 1 })).toBe('7 passed, 0 failed, 1 skipped')
  })
})
