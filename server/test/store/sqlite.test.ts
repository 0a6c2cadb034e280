import { join } from 'node:path'
import { storeConformance } from './conformance/storeConformance.js'
import { openedStore } from './openedStore.js'
import { temporaryFolder } from './temporaryFolder.js'

storeConformance('the SQLite store', {
  survivesReopen: true,
  open: (settings) => openedStore(`sqlite:${join(temporaryFolder(), 'hub.db')}`, settings),
})
