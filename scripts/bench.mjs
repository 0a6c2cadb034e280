import { prepare } from './prepare.mjs'
import { findRedis } from './redis.mjs'
import { run } from './run.mjs'

const args = process.argv.slice(2)

try {
  await prepare()
  const { needsRedis } = await import('../e2e/dist/bench/options.js')
  const env = needsRedis(args) ? { ANCHORLEG_REDIS: await findRedis() } : {}
  const { code } = await run(process.execPath, ['e2e/dist/bench/main.js', ...args], { env })
  process.exitCode = code
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
