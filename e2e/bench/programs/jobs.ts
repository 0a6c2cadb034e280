import { defineJob, type } from '@anchorleg/client'
import type { Small } from './smallJobs.js'

/** Does nothing: it gives back what it got. Without schemas that check, as the relay has none. */
export const noop = defineJob({ name: 'noop', args: type<Small>(), result: type<number | string>() })

/** Gives back how many bytes it got, in a queue of its own. */
export const upload = defineJob({ name: 'upload', queue: 'uploads', args: type<{ bytes: Uint8Array }>(), result: type<number>() })
