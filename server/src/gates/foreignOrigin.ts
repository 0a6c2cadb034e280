import type { IncomingMessage } from 'node:http'

/** Why a hub that asks for tokens refuses the page that sends a request, or undefined: a browser does not hold WebSockets to CORS. */
export function foreignOrigin({ headers }: Pick<IncomingMessage, 'headers'>, allowed: readonly string[]): string | undefined {
  const { origin } = headers
  if (origin === undefined || isOwnOrigin({ headers }) || allowed.includes(origin.toLowerCase())) return undefined
  return `The Origin ${origin.slice(0, 200)} is not among those that the hub allows.`
}

/** Whether a request comes from a page of the hub itself. */
export function isOwnOrigin({ headers: { origin, host } }: Pick<IncomingMessage, 'headers'>): boolean {
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === host?.toLowerCase()
}
