import { defineJob, type } from '@anchorleg/client'

/** What a stint gives back: which ref it was for, and which run of it gave it, so that no two runs give the same. */
export interface Done {
  readonly ref: string
  readonly run: string
}

/** Takes so many milliseconds, and fails in its first so many attempts. It is retried at once. */
export const stint = defineJob({
  name: 'stint',
  args: type<{ ref: string; ms: number; failures: number }>(),
  result: type<Done>(),
  backoff: () => 0,
})
