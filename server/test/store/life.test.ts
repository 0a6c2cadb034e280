import { join } from 'node:path'
import { lifeOfJobs, sequences } from './conformance/life/lifeOfJobs.js'
import { openedStore } from './openedStore.js'
import { freshSchema } from './postgres/freshSchema.js'
import { engineHarness } from './sqlite/engineHarness.js'
import { temporaryFolder } from './temporaryFolder.js'

lifeOfJobs('the SQLite engine', engineHarness)

/** Opening a file, its thread and its log takes so much longer that it gets a share of the sequences. */
const share = 25

lifeOfJobs(
  'the SQLite store on files',
  { survivesReopen: true, open: (settings) => openedStore(`sqlite:${join(temporaryFolder(), 'hub.db')}`, settings) },
  Math.ceil(sequences / share),
)

lifeOfJobs('the PostgreSQL store', { survivesReopen: true, open: (settings) => openedStore(freshSchema(), settings) }, Math.ceil(sequences / share))
