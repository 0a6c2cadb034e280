import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { installFromDebian } from './debian.mjs'

/**
 * The path of a redis-server: the one of ANCHORLEG_REDIS or of the PATH, else Debian's package, installed. Says what it does.
 * @returns {Promise<string>}
 * @throws when there is none, with the reason
 */
export async function findRedis() {
  const found = installedOne()
  if (found) return found
  const trouble = await installFromDebian('redis-server')
  const installed = installedOne()
  if (installed) return installed
  throw new Error(`BullMQ needs a redis-server (set ANCHORLEG_REDIS to the path of one, or leave BullMQ out with --systems): ${trouble}`)
}

function installedOne() {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const candidates = [process.env.ANCHORLEG_REDIS, ...folders.map((folder) => join(folder, 'redis-server')), '/usr/bin/redis-server']
  return candidates.find((path) => path !== undefined && existsSync(path))
}
