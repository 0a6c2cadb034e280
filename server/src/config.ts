import { resolve } from 'node:path'
import { defaultLimits, frameBytesFor, type Limits } from '@anchorleg/shared'
import { z } from 'zod'
import { type BoundOptions, type Bounds, boundOptions, readBounds } from './bounds.js'
import type { Authenticate, Identity } from './identity/doorkeeper.js'
import { identityOptions } from './identity/identityOptions.js'
import { secretKey } from './identity/keys.js'

const megabytes = (n: number) => n * 1024 * 1024

/** A number that may come as text, from the environment or the command line. */
const number = (schema: z.ZodNumber) => z.preprocess((value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value), schema)
const whole = (min: number, max: number) => number(z.int().min(min).max(max))

/** Every option of a hub, once: its bounds and its default. The command line, the environment and `createHub` all go through here. */
const optionsSchema = z.strictObject({
  store: z.string().default('sqlite:./anchorleg.db'),
  port: whole(0, 65_535).default(4040),
  host: z.string().min(1).default('127.0.0.1'),
  path: z.string().startsWith('/').default('/socket.io/'),
  lease: whole(1_000, 3_600_000).default(15_000),
  grace: whole(0, 600_000).default(2_000),
  retention: number(z.number().min(1).max(315_360_000)).default(86_400),
  argsLimit: whole(1_024, megabytes(256)).default(defaultLimits.argsBytes),
  resultLimit: whole(1_024, megabytes(256)).default(defaultLimits.resultBytes),
  drainTimeout: whole(0, 600_000).default(25_000),
  ...boundOptions(whole),
  ...identityOptions,
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('warn'),
})

/** The options of `createHub`; the command line has the same. */
export interface HubOptions extends BoundOptions {
  /** `sqlite:<path>`, `postgres://…`, or `memory:` for tests. Default `sqlite:./anchorleg.db`. */
  readonly store?: string | undefined
  /** Default 4040; 0 takes a free port. */
  readonly port?: number | undefined
  /** Default `127.0.0.1`. Without `secret`, `publicKeys` or `auth` it must be a loopback address. */
  readonly host?: string | undefined
  /** Where Socket.IO listens. Default `/socket.io/`. */
  readonly path?: string | undefined
  /** How long a worker keeps a job without renewing, in ms. Default 15,000. */
  readonly lease?: number | undefined
  /** How long a job outlives its worker's closed connection, in ms. Default 2,000. */
  readonly grace?: number | undefined
  /** How long finished jobs and their results live, in seconds. Default 86,400, a day. */
  readonly retention?: number | undefined
  /** Encoded args, in bytes. Default 1 MiB. */
  readonly argsLimit?: number | undefined
  /** Encoded results, in bytes. Default 1 MiB. */
  readonly resultLimit?: number | undefined
  /** How long a stop may take, in ms. Default 25,000. */
  readonly drainTimeout?: number | undefined
  /** What tokens are signed with (HS256), at least 32 bytes; of several each is accepted, and the first signs. */
  readonly secret?: string | readonly string[] | undefined
  /** Keys of a service that signs tokens (RS256, ES256, EdDSA): PEM (SPKI), JSON Web Keys or sets of them, or paths of files with these. */
  readonly publicKeys?: string | readonly string[] | undefined
  /** Who issues tokens signed with `publicKeys`, where that matters: one of these. */
  readonly issuer?: string | readonly string[] | undefined
  /** Whom tokens signed with `publicKeys` are meant for, where that matters: one of these. */
  readonly audience?: string | readonly string[] | undefined
  /** Finds out who connects, in place of `secret` and `publicKeys`. It has 5 s; what it throws is `unauthorized` to the peer. */
  readonly auth?: Authenticate | undefined
  /** Other origins whose pages may connect as clients, such as `https://app.example.org`. The hub's own always may. */
  readonly origins?: string | readonly string[] | undefined
  /** Who may read `/metrics`, where tokens are asked for: whoever has one of an admin (the default), or anyone. */
  readonly metrics?: 'admin' | 'open' | undefined
  /** Of pino's levels; the log is JSON lines on standard output. Default `warn`; the command's is `info`. */
  readonly logLevel?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent' | undefined
}

export interface HubConfig extends Omit<z.output<typeof optionsSchema>, keyof Bounds | keyof Omit<Identity, 'keys'> | 'secret' | 'publicKeys'> {
  readonly limits: Limits
  readonly bounds: Bounds
  readonly identity: Identity
}

/** Options that are not as they must be: which, what was expected, what was given. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/**
 * Reads a hub's options and fills in the defaults.
 * @throws {ConfigError} naming each wrong option: "port: expected a whole number from 0 to 65535, got …"
 */
export function readConfig(options: HubOptions): HubConfig {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const parsed = optionsSchema.safeParse(given, { error: (issue) => sentence(issue) })
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map((issue) => explain(issue, given)).join('\n'))
  const { secret, publicKeys, issuer, audience, auth, ...config } = parsed.data
  const identity = { keys: [...(secret ?? []).map(secretKey), ...(publicKeys ?? []).flat()], issuer, audience, auth }
  checkIdentity(identity, config)
  const sizes = { argsBytes: config.argsLimit, resultBytes: config.resultLimit }
  const limits = { ...sizes, frameBytes: frameBytesFor(sizes), batch: defaultLimits.batch }
  const bounds = readBounds(config, { limits, knowsPeers: identity.keys.length > 0 || identity.auth !== undefined })
  return { ...config, identity, bounds, limits }
}

function checkIdentity({ keys, issuer, audience, auth }: Identity, { host, origins }: Pick<HubConfig, 'host' | 'origins'>): void {
  const wrong: string[] = []
  const isOpen = keys.length === 0 && !auth
  if (auth && keys.length > 0) wrong.push('auth: expected neither secret nor publicKeys beside it, because it takes their place')
  if (!keys.some(({ key }) => key.type === 'public') && (issuer || audience)) wrong.push('issuer, audience: expected publicKeys beside them')
  if (isOpen && origins) wrong.push('origins: expected secret, publicKeys or auth beside it; without them only loopback pages come in')
  if (isOpen && !isLoopbackHost(host)) {
    const ways = 'give it a secret (ANCHORLEG_SECRET), publicKeys or auth to listen anywhere'
    wrong.push(`host: expected a loopback address (127.0.0.1, ::1 or localhost), because this hub authenticates nobody: ${ways}; got "${host}"`)
  }
  if (wrong.length > 0) throw new ConfigError(wrong.join('\n'))
}

/** Whether a host name or address, without brackets, can only be this machine. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

/** Where the store is, for messages: an absolute path for `sqlite:`, a server's address without its account, password and parameters. */
export function storeName(store: string): string {
  if (store.startsWith('sqlite:')) return `sqlite:${resolve(store.slice('sqlite:'.length))}`
  if (!store.startsWith('postgres') || !URL.canParse(store)) return store
  const { protocol, host, pathname } = new URL(store)
  return `${protocol}//${host}${pathname}`
}

function sentence(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected a ${issue.expected}`
    case 'too_small':
      if (issue.origin === 'array') return 'expected at least one'
      return issue.origin === 'string' ? 'expected text that is not empty' : `expected a number of at least ${issue.minimum}`
    case 'too_big':
      return `expected a number of at most ${issue.maximum}`
    case 'invalid_value':
      return `expected one of ${issue.values.join(', ')}`
    case 'invalid_format':
      return `expected text that starts with "${issue.prefix}"`
    default:
      return issue.message ?? 'expected another value'
  }
}

function explain(issue: z.core.$ZodIssue, given: Record<string, unknown>): string {
  if (issue.code === 'unrecognized_keys') {
    return `unknown option ${issue.keys.join(', ')}: expected one of ${Object.keys(optionsSchema.shape).join(', ')}`
  }
  const name = String(issue.path[0])
  return name === 'secret' || name === 'publicKeys' ? `${name}: ${issue.message}` : `${name}: ${issue.message}, got ${JSON.stringify(given[name])}`
}
