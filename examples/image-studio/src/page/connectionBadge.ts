import { type Client, RelayError } from '@anchorleg/client'
import { part } from './element.js'

/** Shows at the top of the page whether the hub is there. */
export function watchConnection(client: Client, hub: string): void {
  const badge = part('badge', HTMLElement)
  const place = new URL(hub).host
  const show = (state: string, text: string) => {
    badge.dataset.state = state
    badge.textContent = text
  }
  const lost = () => show('disconnected', `Cannot reach ${place}, trying again`)
  const refused = (error: unknown) => {
    if (error instanceof RelayError && error.code === 'unreachable') lost()
    else show('refused', error instanceof Error ? error.message : `${place} refuses this page`)
  }
  client.on('connect', () => show('connected', `Connected to ${place}`))
  client.on('disconnect', lost)
  client.on('error', refused)
  client.ready.catch(refused)
}
