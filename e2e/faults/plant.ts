import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Text of a built file of the server, and what stands in its place in the copy. */
export interface Planted {
  /** Within `server/dist`. */
  readonly file: string
  readonly replace: string
  readonly by: string
}

const root = fileURLToPath(new URL('../../../', import.meta.url))

/**
 * Copies the built server into this folder with faults in it, and gives the path of its command.
 * Rejects when a text to replace is not there exactly once.
 */
export async function plant(folder: string, faults: readonly Planted[]): Promise<string> {
  const dist = join(folder, 'server', 'dist')
  await mkdir(join(folder, 'server'), { recursive: true })
  await cp(join(root, 'server', 'dist'), dist, { recursive: true })
  await cp(join(root, 'server', 'package.json'), join(folder, 'server', 'package.json'))
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  for (const { file, replace, by } of faults) {
    const path = join(dist, file)
    const pieces = (await readFile(path, 'utf8')).split(replace)
    if (pieces.length !== 2) throw new Error(`${file} has ${pieces.length - 1} times, not once:\n${replace}`)
    await writeFile(path, pieces.join(by))
  }
  return join(dist, 'main.js')
}
