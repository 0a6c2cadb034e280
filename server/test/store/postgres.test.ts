import { storeConformance } from './conformance/storeConformance.js'
import { openedStore } from './openedStore.js'
import { freshSchema } from './postgres/freshSchema.js'

storeConformance('the PostgreSQL store', { survivesReopen: true, open: (settings) => openedStore(freshSchema(), settings) })
