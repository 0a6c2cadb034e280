import { startPostgres } from '../postgres.js'
import { anchorleg } from './anchorleg.js'

/** One hub on a PostgreSQL of its own, which syncs its disk at every commit. */
export const anchorlegOnPostgres = anchorleg('Anchorleg, stored (PostgreSQL)', async ({ folder }) => {
  const server = await startPostgres(folder)
  return { store: server.url, parts: [server.part], close: () => server.close() }
})
