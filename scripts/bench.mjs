import { prepare } from './prepare.mjs'
import { run } from './run.mjs'

await prepare()
const { code } = await run(process.execPath, ['e2e/dist/bench/main.js', ...process.argv.slice(2)])
process.exitCode = code
