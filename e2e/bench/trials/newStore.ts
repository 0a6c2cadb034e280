import { join } from 'node:path'

/** Where the store of a trial lies, as the hub's `--store` takes it. */
export const newStore = (folder: string, name = 'anchorleg') => `sqlite:${join(folder, `${name}.db`)}`
