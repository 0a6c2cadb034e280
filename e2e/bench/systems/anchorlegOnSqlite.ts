import { join } from 'node:path'
import { anchorleg } from './anchorleg.js'

/** One hub on a file. */
export const anchorlegOnSqlite = anchorleg('Anchorleg, stored (SQLite, synced)', async ({ folder }) => ({
  store: `sqlite:${join(folder, 'anchorleg.db')}`,
  parts: [],
  close: async () => {},
}))
