import { createServer } from 'node:net'

/**
 * The first port from `port` on that nobody listens on at 127.0.0.1.
 * @param {number} port @param {(taken: number) => void} [onTaken]
 * @returns {Promise<number>}
 */
export async function freePort(port, onTaken) {
  if (await isFree(port)) return port
  onTaken?.(port)
  return freePort(port + 1, onTaken)
}

/** @param {number} port @returns {Promise<boolean>} */
function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
