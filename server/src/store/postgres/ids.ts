import { isRef } from '@anchorleg/shared'

/** The row of a job's public id; null, which no row has, when a peer made it up. */
export function rowIdOf(jobId: string): number | null {
  return /^[1-9]\d{0,14}$/.test(jobId) ? Number(jobId) : null
}

/** A ref as a column takes it; null, which no row has, for what is none. */
export function refOf(ref: string): string | null {
  return isRef(ref) ? ref : null
}

/** A lease token as a column takes it; null for what none was ever like. */
export function tokenOf(lease: string): string | null {
  return /^[0-9a-f]{32}$/.test(lease) ? lease : null
}
