export type Role = 'client' | 'worker' | 'admin'

/** Bounds of what one principal may use; each one absent leaves it to the hub's own. */
export interface PrincipalLimits {
  readonly submitsPerSecond?: number | undefined
  readonly connections?: number | undefined
  readonly pendingAwaits?: number | undefined
}

interface Authority {
  /** Who it is to whoever issued its token; for nothing but that. */
  readonly subject?: string | undefined
  /** The queues it may name; absent for all. A name that ends in `*` stands for all that begin so. */
  readonly queues?: readonly string[] | undefined
  /** The job names it may name, likewise. */
  readonly jobs?: readonly string[] | undefined
  readonly limits?: PrincipalLimits | undefined
  /** When its authority ends, in ms since the epoch; absent for never. */
  readonly expiresAt?: number | undefined
}

/** A caller, who belongs to one tenant. With a `ref` it may only await and watch that one. */
export interface ClientPrincipal extends Authority {
  readonly role: 'client'
  readonly tenant: string
  readonly ref?: string | undefined
}

/** A worker, of one tenant or, without one, of all. */
export interface WorkerPrincipal extends Authority {
  readonly role: 'worker'
  readonly tenant?: string | undefined
}

/** An operator, of one tenant or, without one, of the whole hub. */
export interface AdminPrincipal extends Authority {
  readonly role: 'admin'
  readonly tenant?: string | undefined
}

/** Who a connection belongs to, and what it may do. The handshake finds out; from then on nothing else is asked. */
export type Principal = ClientPrincipal | WorkerPrincipal | AdminPrincipal

/** The tenant of everyone on a hub that authenticates nobody. */
export const soleTenant = 'default'

/** Who everyone is on a hub that authenticates nobody. */
export function anyone(role: Role): Principal {
  return role === 'client' ? { role, tenant: soleTenant } : { role }
}
