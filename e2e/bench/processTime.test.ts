import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { cpuOfTree, secondsOf } from '#e2e/bench/processTime.js'

// Only Linux tells; elsewhere it is to be said that it is not known.
const expectUsed = (seconds: number) => (process.platform === 'linux' ? expect(seconds) : expect(Number.isNaN(seconds) ? 0.5 : Number.NaN))

/** A program that ends after it has used half a CPU second. */
const busy = 'for (let used = 0; used < 5e5; ) { const { user, system } = process.cpuUsage(); used = user + system }'

it('counts what a child used that has ended', () => {
  const before = secondsOf(cpuOfTree(process.pid))
  spawnSync(process.execPath, ['-e', busy])
  expectUsed(secondsOf(cpuOfTree(process.pid)) - before).toBeGreaterThan(0.45)
})

it('counts nothing of a process that started it', async () => {
  const child = spawn(process.execPath, ['-e', 'console.log("ready"); process.stdin.resume()'], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  const before = secondsOf(cpuOfTree(child.pid as number))
  const own = () => process.cpuUsage().user + process.cpuUsage().system
  for (const until = own() + 1e6; own() < until; );
  expectUsed(secondsOf(cpuOfTree(child.pid as number)) - before).toBeLessThan(0.9)
  child.stdin.end()
  await once(child, 'exit')
})
