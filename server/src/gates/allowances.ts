import type { Clock } from '@anchorleg/shared'
import type { Bounds } from '../bounds.js'
import type { ClientPrincipal } from '../identity/principal.js'
import { Bucket } from './bucket.js'
import { refuse } from './refused.js'

/** Shared buckets kept: beyond them those that are full are forgotten, which are as good as new. */
const longestMemory = 10_000

/** How many jobs callers may submit. */
export interface Allowance {
  /** @throws {Refused} `rate_limited`, with the seconds after which the message may be sent again */
  spend(jobs: number): void
}

/**
 * What each caller may submit: so many jobs a second on one connection, on all connections of its tenant, and on all of its
 * principal where its token says so. A second's worth may come at once, and a larger message when the bucket is full.
 */
export class Allowances {
  readonly #shared = new Map<string, Bucket>()

  constructor(
    private readonly bounds: Pick<Bounds, 'submitsPerTenant' | 'submitsPerConnection'>,
    private readonly clock: Clock,
  ) {}

  of({ tenant, subject, limits }: Pick<ClientPrincipal, 'tenant' | 'subject' | 'limits'>): Allowance {
    const buckets: { readonly whose: string; readonly bucket: Bucket }[] = []
    const { submitsPerTenant, submitsPerConnection } = this.bounds
    const own = limits?.submitsPerSecond
    if (own !== undefined) buckets.push({ whose: 'Your token', bucket: this.#sharedBucket(JSON.stringify([tenant, subject, own]), own) })
    else if (Number.isFinite(submitsPerConnection)) buckets.push({ whose: 'A connection', bucket: this.#bucket(submitsPerConnection) })
    if (Number.isFinite(submitsPerTenant)) buckets.push({ whose: 'A tenant', bucket: this.#sharedBucket(tenant, submitsPerTenant) })
    return {
      spend: (jobs) => {
        for (const [i, { whose, bucket }] of buckets.entries()) {
          const wait = bucket.take(jobs)
          if (wait === 0) continue
          for (const { bucket } of buckets.slice(0, i)) bucket.spend(-jobs)
          throw refuse('rate_limited', `${whose} submits no more than ${bucket.rate} jobs a second.`, Math.ceil(wait) / 1_000)
        }
      },
    }
  }

  #sharedBucket(key: string, rate: number): Bucket {
    const known = this.#shared.get(key)
    if (known) return known
    if (this.#shared.size >= longestMemory) for (const [other, bucket] of this.#shared) if (bucket.isFull) this.#shared.delete(other)
    const bucket = this.#bucket(rate)
    this.#shared.set(key, bucket)
    return bucket
  }

  #bucket(rate: number): Bucket {
    return new Bucket({ rate, burst: Math.max(1, rate) }, this.clock)
  }
}
