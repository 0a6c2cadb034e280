/** A job on its way through the relay; its args as devalue wrote them. */
export interface RelayedJob {
  readonly id: string
  readonly name: string
  readonly args: string
}

/** Its result on the way back. */
export interface RelayedResult {
  readonly id: string
  readonly value: string
}
