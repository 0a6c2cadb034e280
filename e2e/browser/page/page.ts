import * as client from '@anchorleg/client'
import * as jobs from '../../harness/jobs.js'

const tools = { ...client, ...jobs }

declare global {
  /** What the tests use inside the page. */
  var anchorleg: typeof tools
  /** The page's one caller. */
  var caller: client.Client
  /** An await of the page that a test comes back to. */
  var pending: Promise<unknown>
}

globalThis.anchorleg = tools
