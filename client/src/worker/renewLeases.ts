import { cutIntoFrames, type Lease, type WorkerAsks } from '@anchorleg/shared'
import type { Connection } from '../connection.js'

/** Bytes of a lease in a frame. */
const weight = 128

/** Renews leases, all in one message where it holds them. Gives those that are lost; undefined when the hub did not answer for all. */
export async function renewLeases(
  connection: Pick<Connection<WorkerAsks>, 'ask' | 'limits'>,
  leases: readonly Lease[],
): Promise<Lease[] | undefined> {
  const { limits } = connection
  if (!limits) return undefined
  const frames = cutIntoFrames(leases, limits, () => weight)
  const replies = await Promise.all(frames.map((frame) => connection.ask('renew', { leases: frame })))
  const lost = frames.flatMap((frame, i) => {
    const reply = replies[i]
    return reply && 'ok' in reply ? frame.filter((_, j) => reply.ok[j] === false) : []
  })
  return replies.every((reply) => 'ok' in reply) ? lost : undefined
}
