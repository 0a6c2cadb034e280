import { existsSync } from 'node:fs'
import { run, say } from './run.mjs'

/**
 * Installs a package of Debian, as root or with a sudo that asks for nothing, and says so.
 * @param {string} name
 * @returns {Promise<string | undefined>} why it could not
 */
export async function installFromDebian(name) {
  if (!existsSync('/usr/bin/apt-get')) return "there is no apt-get for Debian's package"
  const isRoot = process.getuid?.() === 0
  if (!isRoot && (await run('sudo', ['-n', 'true'], { quiet: true })).code !== 0) {
    return `Debian's package needs root or sudo: apt-get install ${name}`
  }
  say(`installing Debian's package ${name} (apt-get)`)
  const apt = (/** @type {string[]} */ ...args) => {
    const command = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args]
    const [first, ...rest] = /** @type {[string, ...string[]]} */ (isRoot ? command : ['sudo', '-n', ...command])
    return run(first, rest, { quiet: true })
  }
  await apt('update')
  const { code, output } = await apt('install', '-y', '--no-install-recommends', name)
  return code === 0 ? undefined : `Debian's package failed: ${reasonIn(output)}`
}

/** The line that names the trouble, or the last one. @param {string} text */
export function reasonIn(text) {
  const lines = text.trim().split('\n')
  return (lines.find((line) => /^(E:|\w*Error:)/.test(line)) ?? lines.at(-1) ?? '').trim()
}
