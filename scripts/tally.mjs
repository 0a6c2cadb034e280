import { readFileSync } from 'node:fs'

/**
 * How many tests passed, failed and did not run.
 * @typedef {{ passed: number, failed: number, skipped: number }} Tally
 */

/** @type {Tally} */
export const none = { passed: 0, failed: 0, skipped: 0 }

/** @param {Tally} a @param {Tally} b @returns {Tally} */
export const add = (a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped })

/** One plain line; it says so when a test was skipped. @param {Tally} tally */
export const lineOf = ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`

/**
 * Counts Vitest's JSON report. A test file that failed without a failing test (it did not load, say) counts as one failure.
 * @param {string} file @param {number} code the exit code of the run
 */
export function tallyOfVitest(file, code) {
  return tallyOf(code, () => {
    const report = JSON.parse(readFileSync(file, 'utf8'))
    /** @type {{ status: string, assertionResults: { status: string }[] }[]} */
    const files = report.testResults
    const tests = files.flatMap((one) => one.assertionResults.map(({ status }) => status))
    const broken = files.filter((one) => one.status === 'failed' && !one.assertionResults.some(({ status }) => status === 'failed'))
    const passed = tests.filter((status) => status === 'passed').length
    const failed = tests.filter((status) => status === 'failed').length
    return { passed, failed: failed + broken.length, skipped: tests.length - passed - failed }
  })
}

/** Counts Playwright's JSON report. A test that passed only when repeated counts as failed. @param {string} file @param {number} code */
export function tallyOfPlaywright(file, code) {
  return tallyOf(code, () => {
    const { stats } = JSON.parse(readFileSync(file, 'utf8'))
    return { passed: stats.expected, failed: stats.unexpected + stats.flaky, skipped: stats.skipped }
  })
}

/** A run that ended badly never counts as free of failures. @param {number} code @param {() => Tally} read @returns {Tally} */
function tallyOf(code, read) {
  let tally = none
  try {
    tally = read()
  } catch (error) {
    console.error(`The test run left no report: ${error instanceof Error ? error.message : error}`)
    return { ...none, failed: 1 }
  }
  return code !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally
}
