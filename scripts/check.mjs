import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { prepare } from './prepare.mjs'
import { runModule, say, seconds } from './run.mjs'
import { add, lineOf, none, tallyOfVitest } from './tally.mjs'

/** @typedef {import('./tally.mjs').Tally} Tally */

const biome = '@biomejs/biome/bin/biome'

/** What holds for the code as it stands, cheapest first. @type {{ name: string, file: string, args: string[] }[]} */
const steps = [
  { name: 'format and order of imports', file: biome, args: ['check', '--linter-enabled=false', '.'] },
  { name: 'lint and import rules', file: biome, args: ['lint', '--error-on-warnings', '.'] },
  { name: 'types of the packages', file: 'typescript/bin/tsc', args: ['-b'] },
  { name: 'types of tests and scripts', file: 'typescript/bin/tsc', args: ['-p', 'tsconfig.tests.json'] },
  { name: 'unused code', file: 'knip/bin/knip.js', args: ['--no-progress', '--treat-config-hints-as-errors'] },
]

/**
 * Checks everything that needs no browser: one line per step, all of them, the output only of those that fail.
 * A failed step counts as one failure beside the tests'.
 * @returns {Promise<Tally>}
 */
export async function check() {
  let tally = none
  for (const { name, file, args } of steps) {
    const { code, output, tookMs } = await runModule(file, args, { quiet: true })
    console.log(`${code === 0 ? '✓' : '✗'} ${name} (${seconds(tookMs)})`)
    if (code === 0) continue
    console.log(output)
    tally = add(tally, { ...none, failed: 1 })
  }
  return add(tally, await unitTests())
}

async function unitTests() {
  say('running the unit tests and scenarios, two minutes or so')
  const folder = mkdtempSync(join(tmpdir(), 'anchorleg-check-'))
  const report = join(folder, 'vitest.json')
  const args = ['run', '--reporter=dot', '--reporter=json', `--outputFile.json=${report}`]
  const { code, output, tookMs } = await runModule('vitest/vitest.mjs', args, { quiet: true })
  const tally = tallyOfVitest(report, code)
  rmSync(folder, { recursive: true, force: true })
  console.log(`${tally.failed === 0 ? '✓' : '✗'} unit tests and scenarios: ${lineOf(tally)} (${seconds(tookMs)})`)
  if (tally.failed > 0) console.log(output)
  return tally
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    await prepare()
    const tally = await check()
    process.exitCode = tally.failed === 0 ? 0 : 1
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
