import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

interface Planted {
  readonly path: string
  readonly code: string
}

const apart = 'Client and server never import each other'
const ground = 'The shared package is the ground floor'
const sealed = 'The hub carries values unopened'
const time = 'Time and randomness come in as arguments'

/** What must be refused, with the words it is refused with. */
const violations: (Planted & { readonly says: string })[] = [
  { path: 'client/src/a.ts', code: "import { createHub } from '@anchorleg/server'", says: apart },
  { path: 'client/test/a.test.ts', code: "import type { Hub } from '@anchorleg/server'", says: apart },
  { path: 'server/src/a.ts', code: "import { connect } from '@anchorleg/client'", says: apart },
  { path: 'server/src/gates/b.ts', code: "export * from '@anchorleg/client/worker'", says: apart },
  { path: 'server/src/gates/c.ts', code: "import { type Lease, open } from '@anchorleg/shared'", says: sealed },
  { path: 'server/src/gates/d.ts', code: "import * as shared from '@anchorleg/shared'", says: sealed },
  { path: 'shared/src/a.ts', code: "import { connect } from '@anchorleg/client'", says: ground },
  { path: 'shared/src/b.ts', code: "import { readFile } from 'node:fs/promises'", says: ground },
  { path: 'e2e/scenarios/a.test.ts', code: "import { claim } from '../../server/src/store/sqlite/claim.js'", says: 'imported by its name' },
  { path: 'client/src/c.ts', code: "import { performer } from './worker/performer.js'", says: 'never imports the worker' },
  { path: 'client/src/d.ts', code: "const os = await import('node:os')", says: 'runs in browsers too' },
  { path: 'client/src/worker/a.ts', code: "import { io } from 'socket.io-client'", says: 'Only client/src/connection.ts' },
  { path: 'server/src/settler.ts', code: "import type { Server } from 'socket.io'", says: 'Only the gates, the courier and the hub' },
  { path: 'client/src/e.ts', code: "import { stringify } from 'devalue'", says: 'Only shared/src/codec.ts' },
  { path: 'shared/src/c.ts', code: "import * as devalue from 'devalue'", says: 'Only shared/src/codec.ts' },
  { path: 'server/src/store/openStore.ts', code: "import Database from 'better-sqlite3'", says: 'better-sqlite3 only in' },
  { path: 'server/src/store/sqlite/a.ts', code: "import pg from 'pg'", says: 'pg only in' },
  { path: 'client/src/f.ts', code: "import { z } from 'zod'", says: 'zod weighs more' },
  { path: 'client/src/worker/b.ts', code: "import * as z from 'zod/mini'", says: 'zod weighs more' },
  { path: 'shared/src/d.ts', code: "import { jobRequest } from './schemas/job.js'", says: 'zod weighs more' },
  { path: 'shared/src/e.ts', code: "export { outcome } from './schemas/outcome.js'", says: 'zod weighs more' },
  { path: 'client/src/g.ts', code: 'export const at = Date.now()', says: time },
  { path: 'client/src/h.ts', code: 'export const at = new Date()', says: time },
  { path: 'server/src/c.ts', code: 'export const at = performance.now()', says: time },
  { path: 'server/src/d.ts', code: 'export const clock = Date.now', says: time },
  { path: 'server/src/e.ts', code: 'export const jitter = Math.random()', says: time },
  { path: 'shared/src/f.ts', code: 'export const id = crypto.randomUUID()', says: time },
  { path: 'client/src/worker/c.ts', code: 'globalThis.crypto.getRandomValues(new Uint8Array(1))', says: time },
  { path: 'server/src/f.ts', code: "import { createHash, randomBytes } from 'node:crypto'", says: time },
  { path: 'server/src/cycleA.ts', code: "import { b } from './cycleB.js'\nexport const a = () => b", says: 'part of a cycle' },
  { path: 'server/src/cycleB.ts', code: "import { a } from './cycleA.js'\nexport const b = () => a", says: 'part of a cycle' },
]

/** What must pass: the one place where each thing may be. */
const allowed: Planted[] = [
  { path: 'client/src/connection.ts', code: "export { io } from 'socket.io-client'" },
  { path: 'client/src/worker/worker.ts', code: "export { connection } from '../connection.js'\nexport { hostname } from 'node:os'" },
  { path: 'server/src/gates/guard.ts', code: "export type { Socket } from 'socket.io'" },
  { path: 'server/src/courier.ts', code: "export type { Server } from 'socket.io'" },
  { path: 'server/src/hub.ts', code: "export { Server } from 'socket.io'\nexport { mintRef } from '@anchorleg/shared'" },
  { path: 'server/src/handshake.ts', code: "export { handshake } from '@anchorleg/shared/schemas'\nexport { z } from 'zod'" },
  { path: 'server/src/store/sqlite/database.ts', code: "export { default } from 'better-sqlite3'" },
  { path: 'server/src/store/postgres/pool.ts', code: "export { Pool } from 'pg'" },
  { path: 'server/src/backoff.ts', code: 'export const jitter = Math.random' },
  { path: 'client/src/backoff.ts', code: 'export const jitter = Math.random' },
  { path: 'server/src/attendant.ts', code: "export { codecTag, seal } from '@anchorleg/shared'" },
  { path: 'server/src/retryAt.ts', code: 'export const at = (ms: number) => new Date(ms)' },
  { path: 'shared/src/codec.ts', code: "export { stringify } from 'devalue'" },
  { path: 'shared/src/clock.ts', code: 'export const now = () => Date.now()' },
  { path: 'shared/src/ids.ts', code: 'export const draw = (pool: Uint8Array) => crypto.getRandomValues(pool)' },
  { path: 'shared/src/schemas/job.ts', code: "export { z } from 'zod'\nexport { outcome } from './schemas/outcome.js'" },
  {
    path: 'shared/src/messages.ts',
    code: "import type { z } from 'zod'\nexport type { Answer } from './schemas/answers.js'\nexport type Any = z.ZodType",
  },
  { path: 'server/test/hub.test.ts', code: "export { io } from 'socket.io-client'\nexport const at = Date.now()" },
]

interface Diagnostic {
  readonly severity: string
  readonly message: string
  readonly location: { readonly path: string }
}

let garden: string
let diagnostics: Diagnostic[]

beforeAll(async () => {
  garden = await mkdtemp(join(tmpdir(), 'anchorleg-rules-'))
  await cp(join(root, 'biome.json'), join(garden, 'biome.json'))
  await cp(join(root, 'biome'), join(garden, 'biome'), { recursive: true })
  for (const { path, code } of [...violations, ...allowed]) {
    await mkdir(dirname(join(garden, path)), { recursive: true })
    await writeFile(join(garden, path), `${code}\n`)
  }
  diagnostics = await lint(garden)
})

afterAll(() => rm(garden, { recursive: true, force: true }))

/** Lints a folder with the project's own configuration in it. */
async function lint(folder: string): Promise<Diagnostic[]> {
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
  const args = [biome, 'lint', '--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none', '--diagnostic-level=error']
  const report = await new Promise<string>((resolve) => {
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 2 ** 26 }, (_error, stdout) => resolve(stdout))
  })
  return JSON.parse(report).diagnostics
}

const wordsOf = (path: string) => diagnostics.filter((one) => one.location.path === path).map((one) => one.message)

describe('the import rules bite', () => {
  it.each(violations)('$path: $code', ({ path, says }) => {
    expect(wordsOf(path).join('\n')).toContain(says)
  })

  it.each(allowed)('but leave $path alone', ({ path }) => {
    expect(wordsOf(path)).toEqual([])
  })
})
