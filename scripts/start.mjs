import { createWriteStream, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { freePort } from './ports.mjs'
import { prepare } from './prepare.mjs'
import { root, run, say } from './run.mjs'
import { Service } from './service.mjs'

const studio = 'examples/image-studio/dist'
/** Where jobs and the log are kept, from the project's folder: `npm start -- --folder /elsewhere`. */
const { folder } = parseArgs({ options: { folder: { type: 'string', default: '.anchorleg' } } }).values
const limit = String(24 * 1024 * 1024)

/** What runs, in the order it was started. @type {Service[]} */
const services = []
let stopping = false

/**
 * Stops everything, the last started first, and ends with this code: pages and workers before the hub, which then drains at once.
 * @param {number} code
 */
async function stop(code) {
  if (stopping) return
  stopping = true
  for (const service of services) service.expectEnd()
  for (const service of services.reverse()) await service.stop(30_000)
  process.exit(code)
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(0))

// npm does not pass a SIGTERM on: whoever stops npm alone means all of this.
const parent = process.ppid
setInterval(() => {
  if (process.ppid !== parent) stop(0)
}, 250).unref()

/**
 * Starts a program and waits for the first line that `ready` makes something of.
 * @param {string} name @param {string[]} args @param {(line: string) => string | undefined} ready
 * @param {(line: string) => void} [onLine]
 * @returns {Promise<string>}
 */
function serve(name, args, ready, onLine) {
  return new Promise((resolve) => {
    const onDeath = (/** @type {string} */ why) => {
      console.error(`${why}\nStopping everything.`)
      stop(1)
    }
    const hear = (/** @type {string} */ line) => {
      onLine?.(line)
      const answer = ready(line)
      if (answer) resolve(answer)
    }
    services.push(new Service(name, args, { onLine: hear, onDeath }))
  })
}

/** @param {number} port */
function startHub(port) {
  mkdirSync(resolve(root, folder), { recursive: true })
  const log = createWriteStream(resolve(root, folder, 'hub.log'), { flags: 'a' })
  const store = `sqlite:${join(folder, 'anchorleg.db')}`
  const limits = ['--args-limit', limit, '--result-limit', limit, '--retention', '3600']
  const args = ['server/dist/main.js', 'hub', '--port', String(port), '--host', '127.0.0.1', '--store', store, ...limits]
  const ready = (/** @type {string} */ line) => (line.includes('"hub listening"') ? JSON.parse(line).url : undefined)
  return serve('the hub', args, ready, (line) => log.write(`${line}\n`))
}

async function start() {
  await prepare()
  const taken = (/** @type {number} */ port) => say(`port ${port} is taken, trying the next`)
  const hub = await startHub(await freePort(4040, taken))
  const after = (/** @type {string} */ words) => (/** @type {string} */ line) => (line.includes(words) ? line : undefined)
  const port = String(await freePort(Math.max(4041, Number(new URL(hub).port) + 1), taken))
  const [, page] = await Promise.all([
    serve("the studio's worker", [`${studio}/worker.js`, '--hub', hub], after('connected')),
    serve("the studio's page", [`${studio}/serve.js`, '--hub', hub, '--port', port], (line) => line.match(/http:\S+/)?.[0]),
  ])
  const { code, output } = await run(process.execPath, [`${studio}/tryOut.js`, '--hub', hub], { quiet: true })
  if (stopping) return
  if (code !== 0) {
    console.error(`The first job did not come back:\n${output}`)
    await stop(1)
  }
  console.log(`
  Anchorleg is running.

    hub            ${hub}   jobs are kept in ${folder}/anchorleg.db, its log in ${folder}/hub.log
    image studio   ${page}   open it and drop some pictures
    a real job     ${output.trim()}

  Stop with Ctrl-C.
`)
}

start().catch((error) => {
  console.error(error instanceof Error ? error.message : error)
  stop(1)
})
