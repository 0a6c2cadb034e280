import { isRef } from '@anchorleg/shared'
import type { Attachments, RefAwaiter } from './attachments.js'

/**
 * Keeps a caller attached to a job that it submits until the job has ended, so that the hub sees that somebody is there;
 * over reconnects, and without waiting for anything.
 */
export function stayAttached(attachments: Pick<Attachments, 'add' | 'remove'>, ref: unknown, submitted: Promise<unknown>): void {
  if (!isRef(ref)) return
  const presence: RefAwaiter = { want: 'final', outcome() {}, failed() {} }
  attachments.add(ref, presence)
  submitted.catch(() => attachments.remove(ref, presence))
}
