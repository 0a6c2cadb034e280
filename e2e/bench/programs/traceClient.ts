import { type Client, connect, unwrap } from '@anchorleg/client'
import { answer } from './answer.js'
import { expectSame, patienceMs } from './closedLoop.js'
import { noop } from './jobs.js'
import { mark, markPackets, takeMarks } from './marks.js'

markPackets()
let client: Client

answer({
  async open({ url }: { url: string }) {
    client = connect(url)
    await client.ready
  },

  /** So many jobs, one after the other. */
  async trips({ count }: { count: number }) {
    for (let int = 0; int < count; int++) {
      mark('called')
      const value = unwrap(await client.await(client.async(noop.new({ int })), patienceMs))
      mark('resolved')
      expectSame(value, int)
    }
  },

  marks: takeMarks,
})
