import type { Token } from '../connection.js'

/** A worker's token, and what it was last. */
export class RememberedToken {
  #last: string | undefined

  constructor(private readonly token: Token | undefined) {
    if (typeof token === 'string') this.#last = token
  }

  /** What was used last; undefined while none was. */
  get last(): string | undefined {
    return this.#last
  }

  /** Whether a function is asked for it on every connection. */
  get changes(): boolean {
    return typeof this.token === 'function'
  }

  /** As a connection takes it. */
  get forConnection(): Token | undefined {
    return this.changes ? () => this.renew() as Promise<string> : this.#last
  }

  /** Asks for it anew. Rejects as the function does. */
  async renew(): Promise<string | undefined> {
    if (typeof this.token === 'function') this.#last = await this.token()
    return this.#last
  }
}
