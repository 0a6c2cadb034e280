import { type Client, type NewJob, type Relay, RelayError } from '@anchorleg/client'

/**
 * Hands a job over, and goes on trying while the hub cannot be reached: handing the same job over again is safe, it never
 * becomes two. Rejects when the hub refuses it, and when the signal says that nobody wants it any more.
 */
export async function handOver<T, P, C>(client: Client, job: NewJob<T, P, C>, signal?: AbortSignal): Promise<Relay<T, P, C>> {
  for (;;) {
    try {
      return await client.async(job, { signal })
    } catch (error) {
      if (!(error instanceof RelayError && error.code === 'unreachable')) throw error
    }
  }
}
