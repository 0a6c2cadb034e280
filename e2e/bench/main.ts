import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, platform, release } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BenchOptions, readOptions, usage } from './options.js'
import { report } from './report.js'
import { runRounds } from './rounds.js'
import { reportUploads, runUploads } from './uploads.js'

try {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') console.log(usage)
  else await bench(options)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function bench(options: BenchOptions): Promise<void> {
  const folder = mkdtempSync(join(options.folder ?? fileURLToPath(new URL('..', import.meta.url)), 'bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  const machine = describeMachine()
  console.log(`${machine}\n`)
  if (options.uploads) {
    const entries = await runUploads(folder, options, say)
    console.log(`\n${reportUploads(entries, options)}`)
    save(options, { machine, uploads: entries })
  } else {
    const measurements = await runRounds(folder, options, say)
    console.log(`\n${report(measurements, options)}`)
    save(options, { machine, ...measurements })
  }
}

/** Progress, apart from the result. */
function say(text: string): void {
  process.stderr.write(`· ${text}\n`)
}

function save({ jsonFile }: BenchOptions, result: object): void {
  if (jsonFile !== undefined) writeFileSync(jsonFile, `${JSON.stringify(result, null, 2)}\n`)
}

/** Where the figures come from; a load of its own means that they are too low. */
function describeMachine(): string {
  const [cpu] = cpus()
  const busy = (loadavg()[0] ?? 0).toFixed(1)
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown processor'}, ${platform()} ${release()}, Node ${process.version}, load before the run ${busy}`
}
