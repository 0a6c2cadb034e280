import { type Client, type NewJob, type Relay, RelayError } from '@anchorleg/client'

/**
 * Hands a job over, and goes on trying while the hub cannot be reached: handing the same job over again is safe, it never
 * becomes two. Rejects when the hub refuses it.
 */
export async function handOver<T>(client: Client, job: NewJob<T>): Promise<Relay<T>> {
  for (;;) {
    try {
      return await client.async(job)
    } catch (error) {
      if (!(error instanceof RelayError && error.code === 'unreachable')) throw error
    }
  }
}
