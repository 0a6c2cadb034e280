import { parse, stringify } from 'devalue'
import { io } from 'socket.io-client'
import { answer } from './answer.js'
import type { RelayedJob } from './relayMessages.js'
import { echo } from './smallJobs.js'

const handlers: Readonly<Record<string, (args: never) => unknown>> = {
  noop: echo,
  upload: ({ bytes }: { bytes: Uint8Array }) => bytes.byteLength,
}

answer({
  async open({ url, names }: { url: string; names: string[] }) {
    const socket = io(`${url}/worker`, { transports: ['websocket'] })
    socket.on('perform', async ({ client, id, name, args }: RelayedJob & { client: string }) => {
      socket.emit('result', { client, id, value: await perform(name, args) })
    })
    socket.on('performAndAnswer', async ({ name, args }: RelayedJob, reply: (value: string) => void) => reply(await perform(name, args)))
    await socket.timeout(10_000).emitWithAck('register', names)
  },
})

async function perform(name: string, args: string): Promise<string> {
  return stringify(await handlers[name]?.(parse(args) as never))
}
