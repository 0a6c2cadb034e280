import { after, cutIntoFrames, type Lease, type WorkerAsks } from '@anchorleg/shared'
import type { Connection } from '../connection.js'

interface Rooms {
  readonly connection: Pick<Connection<WorkerAsks>, 'ask' | 'limits'>
  /** The leases held now. */
  readonly leases: () => Lease[]
  /** Leases that the hub has given to others. */
  readonly lost: (leases: Lease[]) => void
}

/** Bytes of a lease in a frame. */
const weight = 128

/** Renews the leases held here, all in one message, every third of a lease. */
export class LeaseKeeper {
  #stop = () => {}

  constructor(private readonly rooms: Rooms) {}

  /** Starts, or starts anew, with the length of a lease in ms. */
  start(leaseMs: number): void {
    this.stop()
    this.#stop = after(leaseMs / 3, () => {
      this.start(leaseMs)
      this.#renew()
    })
  }

  /** Safe to call twice. */
  stop(): void {
    this.#stop()
  }

  #renew(): void {
    const { connection, leases, lost } = this.rooms
    if (!connection.limits) return
    for (const frame of cutIntoFrames(leases(), connection.limits, () => weight)) {
      void connection.ask('renew', { leases: frame }).then((reply) => {
        if ('ok' in reply) lost(frame.filter((_, i) => reply.ok[i] === false))
      })
    }
  }
}
