import { createWorker } from '@anchorleg/client/worker'
import { answer } from './answer.js'
import { noop } from './jobs.js'
import { mark, markPackets, takeMarks } from './marks.js'
import { echo } from './smallJobs.js'

markPackets()

answer({
  async open({ url }: { url: string }) {
    const perform = noop.perform((small) => {
      mark('handler')
      return echo(small)
    })
    await createWorker(url, { queues: { default: 10 }, jobs: [perform] }).ready
  },

  marks: takeMarks,
})
