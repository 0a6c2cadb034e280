import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openStore } from '#server/store/openStore.js'
import { type Store, StoreRefused } from '#server/store/store.js'
import { PostgresServer } from '../../../../e2e/harness/postgresServer.js'
import { aJob, claim, gives, insert, only, settings, settle } from '../conformance/harness.js'

const pathOf = (name: string) => fileURLToPath(new URL(`./certificates/${name}.pem`, import.meta.url))

/** Who signed both certificates; nobody else knows it. */
const trusting = { sslrootcert: pathOf('authority') }

/** Restarts a server so that it speaks TLS with this certificate: `here` is for 127.0.0.1, `elsewhere` for another host. */
async function certify(server: PostgresServer, certificate: 'here' | 'elsewhere'): Promise<void> {
  for (const name of [certificate, 'key']) {
    const lines = `unnest(string_to_array('${await readFile(pathOf(name), 'utf8')}', E'\\n'))`
    // By the server, whose own the key must be.
    await server.ask(`COPY (SELECT ${lines}) TO PROGRAM 'umask 077; cat > ${name}.pem'`)
  }
  for (const setting of ['ssl = on', `ssl_cert_file = '${certificate}.pem'`, `ssl_key_file = 'key.pem'`])
    await server.ask(`ALTER SYSTEM SET ${setting}`)
  await server.restart()
}

function open(server: PostgresServer, parameters: Readonly<Record<string, string>>): Promise<Store> {
  const address = new URL(server.url)
  for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value)
  return openStore(address.href, settings)
}

/** Opening is refused for this reason, in words that name the server and not its password. */
async function expectRefused(server: PostgresServer, parameters: Readonly<Record<string, string>>, reason: RegExp): Promise<void> {
  const error: unknown = await open(server, parameters).catch((refused) => refused)
  expect(error).toBeInstanceOf(StoreRefused)
  expect(String(error)).toMatch(reason)
  expect(String(error)).toMatch(/^StoreRefused: Cannot open postgres:\/\/127\.0\.0\.1:\d+\/postgres\?schema=anchorleg: /)
}

test('a store speaks TLS with a server whose certificate is trusted and names it, and with no other', async () => {
  const warned = vi.spyOn(process, 'emitWarning')
  await using server = await PostgresServer.start()
  for (const sslmode of ['verify-full', 'require'])
    await expectRefused(server, { sslmode, ...trusting }, /The server does not support SSL connections/)

  await certify(server, 'here')
  // Whatever libpq would make of `require` and `verify-ca`: they are no less than `verify-full`.
  for (const sslmode of ['verify-full', 'verify-ca', 'require', 'prefer']) await expectRefused(server, { sslmode }, /certificate/)
  await expectRefused(server, { sslmode: 'verify-full', sslrootcert: pathOf('nowhere') }, /no such file/)
  const store = await open(server, { sslmode: 'verify-full', ...trusting })
  onTestFinished(() => store.close())
  await insert(store, [aJob()])
  expect(await settle(store, only(await claim(store)), gives.ok)).toMatchObject({ type: 'settled' })
  await store.prune(1)
  const sessions = await server.ask(
    "SELECT application_name AS of, ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name LIKE 'anchorleg%' ORDER BY of",
  )
  expect(sessions).toEqual([
    { of: 'anchorleg store', ssl: true },
    { of: 'anchorleg upkeep', ssl: true },
  ])

  await certify(server, 'elsewhere')
  for (const sslmode of ['verify-full', 'verify-ca', 'require']) await expectRefused(server, { sslmode, ...trusting }, /does not match certificate/)
  await expect(insert(store, [aJob()])).rejects.toThrow()
  await expect(insert(store, [aJob()])).rejects.toThrow(/does not match certificate/)

  await certify(server, 'here')
  expect(await insert(store, [aJob()])).toMatchObject([{ type: 'inserted' }])
  expect(warned).not.toHaveBeenCalled()
})

test('an address that asks for TLS in words that nobody knows is refused', async () => {
  await expect(openStore('postgres://127.0.0.1/app?sslmode=verify_full', settings)).rejects.toThrow(
    'expected sslmode to be one of disable, no-verify, prefer, require, verify-ca, verify-full, got "verify_full"',
  )
})
