import { StoreRefused } from '../store.js'

/** Where a store lives: a PostgreSQL database, and the schema in it that holds the tables. */
export interface PostgresAddress {
  /** As libpq has it, without what is ours. It may hold a password. */
  readonly url: string
  readonly schema: string
}

/** The schema of an address that names none: the store can live in an application's own database. */
const defaultSchema = 'anchorleg'

/** How TLS is asked for. What asks less of a certificate in libpq asks no less here: `pg` does so today, and says that it may not always. */
const tlsModes = new Map([
  ['disable', 'disable'],
  ['no-verify', 'no-verify'],
  ['prefer', 'verify-full'],
  ['require', 'verify-full'],
  ['verify-ca', 'verify-full'],
  ['verify-full', 'verify-full'],
])

/** Reads `postgres://…` or `postgresql://…`; undefined for another scheme. `?schema=` names the schema. */
export function postgresAddress(address: string): PostgresAddress | undefined {
  if (!/^postgres(?:ql)?:\/\//.test(address)) return undefined
  if (!URL.canParse(address)) throw new StoreRefused('expected postgres://user:password@host:port/database, got an address that cannot be read')
  const url = new URL(address)
  const schema = url.searchParams.get('schema') ?? defaultSchema
  if (!/^[a-z_][a-z0-9_]{0,47}$/.test(schema) || schema.startsWith('pg_')) {
    throw new StoreRefused(`expected a schema of up to 48 lower-case letters, digits and underscores, got ${JSON.stringify(schema)}`)
  }
  url.searchParams.delete('schema')
  const asked = url.searchParams.get('sslmode')
  if (asked !== null && url.searchParams.get('uselibpqcompat') !== 'true') url.searchParams.set('sslmode', tlsModeOf(asked))
  return { url: url.href, schema }
}

function tlsModeOf(asked: string): string {
  const mode = tlsModes.get(asked)
  if (mode === undefined) throw new StoreRefused(`expected sslmode to be one of ${[...tlsModes.keys()].join(', ')}, got ${JSON.stringify(asked)}`)
  return mode
}

/** An address as it may be shown: without its password, nor any of its parameters. */
export function shown({ url, schema }: PostgresAddress): string {
  const { hostname, port, pathname } = new URL(url)
  return `postgres://${hostname}${port && `:${port}`}${pathname}?schema=${schema}`
}
