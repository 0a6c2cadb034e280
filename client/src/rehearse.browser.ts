import type { AwaitResult } from './errors.js'

/** Pages define and await jobs; running them is left out of their bundle. In Node `rehearse.ts` takes this file's place. */
export async function rehearse(): Promise<AwaitResult<unknown>> {
  throw new Error('Handlers run in Node, not in a browser.')
}
