import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../harness/freePort.js'
import { guard } from '../harness/guard.js'
import { type CpuTime, cpuOfTree } from './processTime.js'

/** When Redis makes its log of writes durable: before it answers, or once a second. */
export type AppendFsync = 'always' | 'everysec'

/** How long it may take to start, in ms. */
const startMs = 15_000

/** A real Redis on a free port of the loopback, with its log of writes in a folder of its own. It never outlives this process. */
export class RedisServer {
  private constructor(
    readonly port: number,
    private readonly child: ChildProcess,
    private readonly unguard: () => void,
  ) {}

  /** Starts `redis-server` of the PATH, or the one that ANCHORLEG_REDIS names, with what the last one left in the folder. Rejects with what it said. */
  static async start(parent: string, appendFsync: AppendFsync): Promise<RedisServer> {
    const folder = join(parent, 'redis')
    mkdirSync(folder, { recursive: true })
    const port = await freePort()
    const child = spawn(process.env.ANCHORLEG_REDIS ?? 'redis-server', settings(port, folder, appendFsync), { stdio: ['ignore', 'pipe', 'pipe'] })
    await ready(child)
    const { kill } = guard(child.pid as number, folder)
    return new RedisServer(port, child, kill)
  }

  /** CPU time since its start, all threads and children included. */
  async cpu(): Promise<CpuTime> {
    return cpuOfTree(this.child.pid as number)
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit')
    this.child.kill('SIGTERM')
    await ended
    this.unguard()
  }
}

/** No snapshots beside the log, and nothing is ever evicted: as BullMQ's guide to production asks for. All else is Redis's default. */
function settings(port: number, folder: string, appendFsync: AppendFsync): string[] {
  const chosen = {
    port: String(port),
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: 'yes',
    appendfsync: appendFsync,
    'maxmemory-policy': 'noeviction',
  }
  return Object.entries(chosen).flatMap(([name, value]) => [`--${name}`, value])
}

function ready(child: ChildProcess): Promise<void> {
  let said = ''
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      child.kill('SIGKILL')
      reject(new Error(`redis-server ${why}. It is Debian's package redis-server; --systems leaves BullMQ out.\n${said}`))
    }
    const timer = setTimeout(fail, startMs, `did not start within ${startMs} ms`)
    const hear = (part: unknown) => {
      said += String(part)
      if (!said.includes('Ready to accept connections')) return
      clearTimeout(timer)
      resolve()
    }
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', hear)
    child.once('error', (error) => fail(`cannot be run: ${error.message}`))
    child.once('exit', (code) => fail(`ended with code ${code}`))
  })
}
