import { once } from 'node:events'
import { parse, stringify } from 'devalue'
import { WebSocket } from 'ws'
import { answer } from './answer.js'
import type { RelayedJob } from './relayMessages.js'
import { echo, type Small } from './smallJobs.js'

answer({
  async open({ url }: { url: string }) {
    const socket = new WebSocket(`${url}/worker`, { perMessageDeflate: false })
    await once(socket, 'message')
    socket.on('message', (data) => {
      const { client, id, args } = JSON.parse(String(data)) as RelayedJob & { client: number }
      socket.send(JSON.stringify({ client, id, value: stringify(echo(parse(args) as Small)) }))
    })
  },
})
