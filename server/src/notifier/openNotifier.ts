import { postgresAddress } from '../store/postgres/address.js'
import type { TelemetryBus } from '../telemetry.js'
import { LocalNotifier } from './localNotifier.js'
import type { Notifier } from './notifier.js'
import { PostgresNotifier } from './postgresNotifier.js'

/** The notifier of a hub, by its name in the store, that belongs to the store at an address: only a database that hubs share has others to tell. */
export async function openNotifier(store: string, hub: string, telemetry: TelemetryBus): Promise<Notifier> {
  const address = postgresAddress(store)
  return address ? PostgresNotifier.open(address, hub, telemetry) : new LocalNotifier()
}
