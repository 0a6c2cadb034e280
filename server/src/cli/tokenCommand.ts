import { Command, InvalidArgumentError, Option } from 'commander'
import { ConfigError } from '../config.js'
import { mintToken, type TokenClaims } from '../identity/mintToken.js'
import { splitList } from './splitList.js'

interface Flags {
  readonly role: TokenClaims['role']
  readonly secret: readonly string[]
  readonly expires: number
  readonly tenant?: string
  readonly subject?: string
  readonly ref?: string
  readonly queue?: readonly string[]
  readonly job?: readonly string[]
  readonly submitsPerSecond?: number
  readonly connections?: number
  readonly pendingAwaits?: number
}

/** `anchorleg token`: signs a token for hubs with the same secret, and prints it alone. */
export function tokenCommand(): Command {
  const several = (value: string, before: readonly string[] = []) => [...before, value]
  return new Command('token')
    .description('Sign a token for hubs with the same secret, and print it.')
    .addOption(new Option('--role <role>', 'what its bearer may connect as').choices(['client', 'worker', 'admin']).makeOptionMandatory())
    .option('--tenant <name>', 'whose jobs it is for; a client needs one, a worker or an admin without one serves all')
    .option('--queue <name>', 'a queue it is for, or the beginning of some with a * behind; may be repeated; without any, all', several)
    .option('--job <name>', 'a job name it is for, likewise', several)
    .option('--ref <ref>', 'the one job that a client may await and watch with it; it may do nothing else')
    .option('--subject <text>', 'who it is for, for the hub’s limits')
    .option('--submits-per-second <number>', 'jobs that may be submitted with it each second', numberOf)
    .option('--connections <number>', 'connections at once of its tenant', numberOf)
    .option('--pending-awaits <number>', 'refs that one connection may await and watch at once', numberOf)
    .option('--expires <duration>', 'how long it is good for: 90s, 15m, 1h, 30d', secondsOf, 3_600)
    .addOption(secretOption('the hub’s secret; of several, the first signs').makeOptionMandatory())
    .action(async (flags: Flags) => {
      process.stdout.write(`${await mint(flags)}\n`)
    })
}

/** `--secret`, as hubs have it too. */
export function secretOption(description: string): Option {
  const where = 'better given as ANCHORLEG_SECRET, because other programs see command lines; several separated by commas'
  return new Option('--secret <secrets>', `${description} (${where})`).env('ANCHORLEG_SECRET').argParser(splitList)
}

async function mint({ role, secret, expires, queue, job, submitsPerSecond, connections, pendingAwaits, ...whom }: Flags): Promise<string> {
  const limits = Object.fromEntries(Object.entries({ submitsPerSecond, connections, pendingAwaits }).filter(([, limit]) => limit !== undefined))
  const claims = { role, ...whom, queues: queue, jobs: job, expiresIn: expires, ...(Object.keys(limits).length > 0 && { limits }) }
  try {
    return await mintToken(secret[0] ?? '', claims as TokenClaims)
  } catch (error) {
    throw error instanceof TypeError ? new ConfigError(error.message) : error
  }
}

const units = { s: 1, m: 60, h: 3_600, d: 86_400 } as const

function secondsOf(text: string): number {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(text) ?? []
  if (count === undefined || Number(count) === 0) throw new InvalidArgumentError('Expected a duration such as 90s, 15m, 1h or 30d.')
  return Number(count) * units[unit as keyof typeof units]
}

function numberOf(text: string): number {
  const number = Number(text)
  if (!(number > 0)) throw new InvalidArgumentError('Expected a number above 0.')
  return number
}
