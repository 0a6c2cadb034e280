import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root, run, runModule, say, seconds } from './run.mjs'

/**
 * Brings a clone into a state where everything can run: dependencies installed, packages and pages built. Each step is left out when
 * nothing has changed since it last ran. Rejects with the reason when one fails.
 */
export async function prepare() {
  await installDependencies()
  await buildPackages()
  for (const page of pages) await buildPage(page)
}

async function installDependencies() {
  const stamp = stampIn('node_modules/.anchorleg-lock', digest(['package-lock.json']))
  const installed = 'node_modules/.package-lock.json'
  if (existsSync(join(root, installed)) && (stamp.isFresh() || changedAt(installed) >= changedAt('package-lock.json'))) return
  say('installing dependencies (npm install; building SQLite may take a minute)')
  const npm = process.env.npm_execpath
  // Not `npm ci`: it refuses a lockfile that lacks the binaries of other platforms, and registries need not carry those.
  const args = ['install', '--no-save', '--no-audit', '--no-fund']
  const { code, output, tookMs } = npm ? await run(process.execPath, [npm, ...args], { quiet: true }) : await run('npm', args, { quiet: true })
  if (code !== 0) throw new Error(`npm install failed with code ${code}:\n${output}`)
  stamp.write()
  say(`installed in ${seconds(tookMs)}`)
}

async function buildPackages() {
  const { code, output, tookMs } = await runModule('typescript/bin/tsc', ['-b'], { quiet: true })
  if (code !== 0) throw new Error(`tsc -b failed:\n${output}`)
  if (tookMs > 1500) say(`built the packages in ${seconds(tookMs)}`)
}

/**
 * A page built by Vite: where it is, and what it is made of.
 * @typedef {{ name: string, folder: string, sources: string[] }} Page
 * @type {Page[]}
 */
const pages = [
  {
    name: 'the image studio',
    folder: 'examples/image-studio',
    sources: ['index.html', 'vite.config.ts', 'public', 'src', '../../client/dist', '../../shared/dist'],
  },
]

/** @param {Page} page */
async function buildPage({ name, folder, sources }) {
  const stamp = stampIn(`${folder}/dist/site/.built`, digest(sources.map((source) => join(folder, source))))
  if (stamp.isFresh()) return
  const { code, output, tookMs } = await runModule('vite/bin/vite.js', ['build', folder, '--logLevel', 'warn'], { quiet: true })
  if (code !== 0) throw new Error(`Building ${name} failed:\n${output}`)
  stamp.write()
  say(`built ${name} in ${seconds(tookMs)}`)
}

/** A note in a file of which sources something was made of. @param {string} file @param {string} content */
function stampIn(file, content) {
  const path = join(root, file)
  return {
    isFresh: () => existsSync(path) && readFileSync(path, 'utf8') === content,
    write() {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, content)
    },
  }
}

/** One digest over files and folders. @param {string[]} paths */
function digest(paths) {
  const hash = createHash('sha256')
  for (const file of paths.flatMap(filesIn).sort())
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

/** Every source file under a path, relative to the project. @param {string} path @returns {string[]} */
function filesIn(path) {
  const full = join(root, path)
  if (!existsSync(full)) return []
  if (!statSync(full).isDirectory()) return [path]
  return readdirSync(full, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.') && !name.endsWith('.map'))
    .flatMap(({ name }) => filesIn(join(path, name)))
}

/** @param {string} file */
const changedAt = (file) => statSync(join(root, file)).mtimeMs

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await prepare().catch((error) => {
    console.error(error.message)
    process.exitCode = 1
  })
}
