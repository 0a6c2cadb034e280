import type { Limits } from '@anchorleg/shared'
import { adminMessages } from '@anchorleg/shared/schemas'
import type { Namespace, Socket } from 'socket.io'
import type { Foreman } from '../foreman.js'
import { soleTenant } from '../identity/principal.js'
import type { TelemetryBus } from '../telemetry.js'
import { guard, route } from './guard.js'
import { shakeHands } from './handshake.js'

interface Rooms {
  readonly foreman: Foreman
  readonly telemetry: TelemetryBus
  readonly limits: Limits
}

/** Where operators come in. A page that does not come from the hub itself never is one. */
export function openAdminGate(namespace: Namespace, { foreman, telemetry, limits }: Rooms): void {
  shakeHands(namespace, { role: 'admin', limits, telemetry, origin: 'own' }, (socket: Socket, { tenant = soleTenant }) => {
    const routes = {
      queues: route(adminMessages.queues, () => foreman.queues()),
      setQueues: route(adminMessages.setQueues, ({ changes }) => foreman.setQueues(changes)),
      retry: route(adminMessages.retry, ({ refs }) => foreman.retry(refs.map((ref) => ({ tenant, ref })))),
    }
    guard(socket, routes, { telemetry, limits })
  })
}
