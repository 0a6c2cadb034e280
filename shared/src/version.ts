/** The versions of the wire protocol that this package speaks, oldest and newest. */
export const protocol = { min: 1, max: 1 } as const

/** The version of the packages, as sent in the handshake for logs. */
export const release = '0.1.0'

export interface ProtocolRange {
  readonly min: number
  readonly max: number
}

/** The newest version that both ranges hold, or undefined when they share none. */
export function commonProtocol(ours: ProtocolRange, theirs: ProtocolRange): number | undefined {
  const newest = Math.min(ours.max, theirs.max)
  return newest >= Math.max(ours.min, theirs.min) ? newest : undefined
}
