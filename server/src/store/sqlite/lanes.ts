import type { Means } from './operations.js'

/**
 * Prepares finding out which of these names have available jobs in a queue. It leaps through the index from name to name,
 * so it takes about as many steps as the shorter of both lists has names, however many jobs wait.
 * @param names in {@link byteOrder}
 */
export function namesWithJobs({ db }: Means): (queue: string, names: readonly string[]) => string[] {
  const from = db
    .prepare<[string, string], string>(
      `SELECT name FROM jobs INDEXED BY jobs_available WHERE state = 'available' AND queue = ? AND name >= ? ORDER BY name LIMIT 1`,
    )
    .pluck()
  return (queue, names) => {
    const found: string[] = []
    for (let i = 0; i < names.length; ) {
      const wanted = names[i] as string
      const there = from.get(queue, wanted)
      if (there === undefined) break
      if (there === wanted) {
        found.push(there)
        i += 1
      } else {
        i = firstNotBefore(names, there, i + 1)
      }
    }
    return found
  }
}

/** The first place, from `low` on, whose name does not come before `name`. */
function firstNotBefore(names: readonly string[], name: string, low: number): number {
  let high = names.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (byteOrder(names[middle] as string, name) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * Prepares listing the tenants with available jobs of these names, at most so many: those after `last` first, then from the
 * beginning again, so that each has its turn.
 */
export function tenantsInTurn({ db }: Means): (lane: { queue: string; names: readonly string[] }, last: string, most: number) => string[] {
  const step = (comparison: string) =>
    db
      .prepare<[string, string, string], string>(
        `SELECT tenant FROM jobs INDEXED BY jobs_available WHERE state = 'available' AND queue = ? AND name = ? AND tenant ${comparison} ?
         ORDER BY tenant LIMIT 1`,
      )
      .pluck()
  const from = step('>=')
  const after = step('>')
  return ({ queue, names }, last, most) => {
    const first = (find: typeof from, tenant: string) => earliest(names.map((name) => find.get(queue, name, tenant)))
    const found = new Set<string>()
    for (let tenant = first(after, last); tenant !== undefined && found.size < most; tenant = first(after, tenant)) found.add(tenant)
    if (found.size === most) return [...found]
    for (let tenant = first(from, ''); tenant !== undefined && found.size < most; tenant = first(after, tenant)) {
      if (found.has(tenant)) break
      found.add(tenant)
    }
    return [...found]
  }
}

function earliest(values: readonly (string | undefined)[]): string | undefined {
  let least: string | undefined
  for (const value of values) if (value !== undefined && (least === undefined || byteOrder(value, least) < 0)) least = value
  return least
}

/** The order in which SQLite's indexes hold text; JavaScript's own differs beyond the basic plane. */
export function byteOrder(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b))
}
