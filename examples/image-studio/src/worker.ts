import { parseArgs } from 'node:util'
import { createWorker } from '@anchorleg/client/worker'
import { layContactSheet } from './darkroom/layContactSheet.js'
import { mixPalette } from './darkroom/mixPalette.js'
import { fromNegative } from './darkroom/negative.js'
import { paintInOils } from './darkroom/paintInOils.js'
import { printOnSilver } from './darkroom/printOnSilver.js'
import { printSizes, printThumbnail } from './darkroom/prints.js'
import { contactSheet, oilPainting, palette, silverPrint, sizes, thumbnail } from './jobs.js'

const { values } = parseArgs({ options: { hub: { type: 'string', default: 'http://127.0.0.1:4040' } } })

const worker = createWorker(values.hub, {
  queues: { studio: 4, easel: 2, darkroom: 2 },
  jobs: [
    thumbnail.perform(fromNegative(({ bytes }) => printThumbnail(bytes))),
    sizes.perform(fromNegative(({ bytes }) => printSizes(bytes))),
    palette.perform(fromNegative(({ bytes }) => mixPalette(bytes))),
    contactSheet.perform(layContactSheet),
    oilPainting.perform(fromNegative(paintInOils)),
    silverPrint.perform(fromNegative(printOnSilver)),
  ],
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await worker.drain({ timeout: 5000 })
    process.exit(0)
  })
}

await worker.ready
console.log(`studio worker connected to ${values.hub}`)
