import { storeConformance } from './conformance/storeConformance.js'
import { openedStore } from './openedStore.js'

storeConformance('the store in memory', { survivesReopen: false, open: (settings) => openedStore('memory:', settings) })
