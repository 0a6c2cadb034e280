import { type AwaitResult, type Client, connect, unwrap } from '@anchorleg/client'
import { answer } from './answer.js'
import { noop } from './jobs.js'

let clients: readonly Client[]
let pending: readonly Promise<AwaitResult<unknown>>[] = []

answer({
  async open({ url, connections }: { url: string; connections: number }) {
    clients = Array.from({ length: connections }, () => connect(url))
    await Promise.all(clients.map(({ ready }) => ready))
  },

  /** Awaits a job that somebody else has stored, as long as that takes. */
  async attach({ ref }: { ref: string }) {
    const [client] = clients as readonly [Client]
    unwrap(await client.await(client.attach(ref), Number.POSITIVE_INFINITY))
  },

  /** Submits so many jobs, spread over the connections, and goes on awaiting all of them. */
  async begin({ count }: { count: number }) {
    const clientOf = (i: number) => clients[i % clients.length] as Client
    const relays = await Promise.all(Array.from({ length: count }, (_, int) => clientOf(int).async(noop.new({ int }))))
    pending = relays.map((relay, i) => clientOf(i).await(relay, Number.POSITIVE_INFINITY))
  },

  /** Answers with how many of them came well. */
  async results() {
    return (await Promise.all(pending)).filter(({ type }) => type === 'ok').length
  },
})
