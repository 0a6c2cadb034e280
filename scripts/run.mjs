import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The project's folder, without a slash at its end. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '')

/** Says on the terminal what is being done. @param {string} text */
export const say = (text) => console.log(`· ${text}`)

/**
 * How a program ended.
 * @typedef {{ code: number, output: string, tookMs: number }} Ended
 */

/**
 * Runs a program in the project's folder until it ends; it never rejects. The code is 124 when it took longer than `timeoutMs`,
 * 127 when it could not be started.
 * @param {string} command
 * @param {string[]} args
 * @param {{ quiet?: boolean, timeoutMs?: number, env?: Record<string, string> }} [options] quiet: keep the output instead of showing it
 * @returns {Promise<Ended>}
 */
export function run(command, args, { quiet = false, timeoutMs, env = {} } = {}) {
  const began = performance.now()
  return new Promise((resolve) => {
    const shown = quiet ? 'pipe' : 'inherit'
    /** @type {import('node:child_process').StdioOptions} */
    const stdio = ['ignore', shown, shown]
    const child = spawn(command, args, { cwd: root, stdio, env: { ...process.env, ...env }, detached: timeoutMs !== undefined })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (part) => (output += part))
    let late = false
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => (late = endGroup(child)), timeoutMs)
    const end = (/** @type {number} */ code) => {
      clearTimeout(timer)
      resolve({ code: late ? 124 : code, output, tookMs: performance.now() - began })
    }
    child.on('error', (error) => {
      output += error.message
      end(127)
    })
    child.on('close', (code) => end(code ?? 1))
  })
}

/** Ends a detached child with everything it started. @param {import('node:child_process').ChildProcess} child */
function endGroup(child) {
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  return true
}

/** Runs a JavaScript program of node_modules with this Node. @param {string} file @param {string[]} args @param {Parameters<typeof run>[2]} [options] */
export const runModule = (file, args, options) => run(process.execPath, [`node_modules/${file}`, ...args], options)

/** Seconds for people: 0.4 s. @param {number} ms */
export const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`
