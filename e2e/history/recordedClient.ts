import { type AwaitResult, type Client, type NewJob, type Relay, RelayError } from '@anchorleg/client'
import type { Want } from '@anchorleg/shared'
import { givenOf } from './print.js'
import type { Recorder } from './recorder.js'

/** How one await waits: `timeout` in ms. */
interface Patience {
  readonly want: Want
  readonly timeout: number
}

/** A caller that writes down what it asks and what it is given. */
export class RecordedClient {
  #waits = 0

  constructor(
    private readonly client: Client,
    private readonly recorder: Recorder,
  ) {}

  /** Submits a job; gives the code of its refusal, undefined when it is stored. */
  async submit<T>(job: NewJob<T>): Promise<string | undefined> {
    const { ref } = job
    this.recorder.write({ type: 'submit', ref })
    try {
      await this.client.async(job)
      this.recorder.write({ type: 'ack', ref })
      return undefined
    } catch (error) {
      if (!(error instanceof RelayError)) throw error
      this.recorder.write({ type: 'refusal', ref, code: error.code })
      return error.code
    }
  }

  async await(relay: Relay | string, { want, timeout }: Patience): Promise<AwaitResult<unknown>> {
    const ref = typeof relay === 'string' ? relay : relay.ref
    const nth = this.#waits++
    this.recorder.write({ type: 'await', nth, ref, want, timeout: Number.isFinite(timeout) ? timeout : null })
    const result = await this.client.await(this.client.attach(ref), { timeout, withRetries: want === 'final' })
    this.recorder.write({ type: 'result', nth, ref, given: givenOf(result) })
    return result
  }
}
