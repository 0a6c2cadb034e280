import { mintLease } from '@anchorleg/shared'
import { postgresAddress } from '../store/postgres/address.js'
import type { TelemetryBus } from '../telemetry.js'
import { LocalNotifier } from './localNotifier.js'
import type { Notifier } from './notifier.js'
import { PostgresNotifier } from './postgresNotifier.js'

/** The notifier that belongs to the store at an address: only a database that hubs share has others to tell. */
export async function openNotifier(store: string, telemetry: TelemetryBus): Promise<Notifier> {
  const address = postgresAddress(store)
  return address ? PostgresNotifier.open(address, mintLease(), telemetry) : new LocalNotifier()
}
