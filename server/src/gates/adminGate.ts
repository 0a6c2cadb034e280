import type { Limits, QueueChange, QueueState } from '@anchorleg/shared'
import { adminMessages } from '@anchorleg/shared/schemas'
import type { Namespace, Socket } from 'socket.io'
import type { Foreman } from '../foreman.js'
import { covers } from '../identity/authority.js'
import type { Doorkeeper } from '../identity/doorkeeper.js'
import { type AdminPrincipal, soleTenant } from '../identity/principal.js'
import type { TelemetryBus } from '../telemetry.js'
import type { Admission } from './admission.js'
import { guard, route } from './guard.js'
import { shakeHands } from './handshake.js'
import { refuse } from './refused.js'

interface Rooms {
  readonly doorkeeper: Doorkeeper
  readonly foreman: Foreman
  readonly telemetry: TelemetryBus
  readonly limits: Limits
  readonly admission: Admission
}

/** Where operators come in. A page that does not come from the hub itself never is one. */
export function openAdminGate(namespace: Namespace, { doorkeeper, foreman, telemetry, limits, admission }: Rooms): void {
  shakeHands(namespace, { role: 'admin', doorkeeper, admission, limits, telemetry, origin: 'own' }, (socket: Socket, principal) => {
    const routes = {
      queues: route(adminMessages.queues, async () => ownQueues(principal, await foreman.queues())),
      setQueues: route(adminMessages.setQueues, ({ changes }) => foreman.setQueues(checked(principal, changes))),
      retry: route(adminMessages.retry, ({ refs, tenant }) => {
        const of = ownTenant(principal, tenant)
        return foreman.retry(refs.map((ref) => ({ tenant: of, ref })))
      }),
    }
    guard(socket, routes, { telemetry, limits })
  })
}

/** Queues belong to all tenants together. */
function demandWholeHub({ tenant }: AdminPrincipal): void {
  if (tenant !== undefined) throw refuse('forbidden', 'Queues are of all tenants; this token is for one.')
}

function ownQueues(principal: AdminPrincipal, states: QueueState[]): QueueState[] {
  demandWholeHub(principal)
  return states.filter(({ queue }) => covers(principal.queues, queue))
}

function checked(principal: AdminPrincipal, changes: QueueChange[]): QueueChange[] {
  demandWholeHub(principal)
  const wrong = changes.find(({ queue }) => !covers(principal.queues, queue))
  if (wrong) throw refuse('forbidden', `This token is not for the queue "${wrong.queue}".`)
  return changes
}

/** Whose refs are meant. An admin of one tenant names no other. */
function ownTenant({ tenant }: AdminPrincipal, named: string | undefined): string {
  if (tenant !== undefined && named !== undefined && named !== tenant) throw refuse('forbidden', 'This token is for another tenant.')
  return named ?? tenant ?? soleTenant
}
