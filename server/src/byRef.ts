import type { Lookup } from './store/store.js'

/** What is kept for refs, each tenant's by itself. A ref is looked up as it came: making one key of both costs more than both lookups. */
export class ByRef<Kept> {
  readonly #tenants = new Map<string, Map<string, Kept>>()

  get size(): number {
    let size = 0
    for (const refs of this.#tenants.values()) size += refs.size
    return size
  }

  get({ tenant, ref }: Lookup): Kept | undefined {
    return this.#tenants.get(tenant)?.get(ref)
  }

  set({ tenant, ref }: Lookup, kept: Kept): void {
    const refs = this.#tenants.get(tenant)
    if (refs) refs.set(ref, kept)
    else this.#tenants.set(tenant, new Map([[ref, kept]]))
  }

  delete({ tenant, ref }: Lookup): void {
    const refs = this.#tenants.get(tenant)
    if (refs?.delete(ref) && refs.size === 0) this.#tenants.delete(tenant)
  }

  *lookups(): Iterable<Lookup> {
    for (const [tenant, refs] of this.#tenants) for (const ref of refs.keys()) yield { tenant, ref }
  }
}
