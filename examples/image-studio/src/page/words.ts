import type { AwaitResult, OutcomeError, Waiting } from '@anchorleg/client'
import { calledOff } from './callOff.js'

type JobError = Extract<AwaitResult<unknown>, { type: 'error' }>['error']

/** Why a job gave no value, for people. */
export function whyNot(result: Exclude<AwaitResult<unknown>, { type: 'ok' }>): string {
  switch (result.type) {
    case 'discard':
      return sentence(result.reason, 'The worker could not use this file.')
    case 'cancel':
      return calledOff(result.reason)
    case 'snooze':
      return `The job sleeps for ${result.seconds} seconds.`
    case 'error':
      return whatFailed(result.error)
  }
}

/** Why one attempt failed, after which there may be others. */
export function mishap(error: OutcomeError): string {
  return error.code === 'crashed' ? 'The worker died at it.' : whatFailed(error)
}

function whatFailed(error: JobError): string {
  switch (error.code) {
    case 'timeout':
      return `No result yet: ${waitsFor[error.waiting]}.`
    case 'exception':
      return `The worker failed: ${error.message}`
    case 'failed':
      return sentence(error.reason, error.message)
    case 'crashed':
      return 'The worker died at it, several times.'
    case 'job_timeout':
      return 'The worker took too long and gave up.'
    case 'result_too_large':
      return 'The result is larger than the hub takes.'
    case 'expired':
      return 'The hub no longer keeps this result. Drop the file again.'
    case 'not_found':
      return 'The page was left before this file had reached the hub. Drop it again.'
    case 'not_submitted':
      return error.cause?.code === 'payload_too_large' ? 'This file is larger than the hub takes.' : (error.cause?.message ?? error.message)
    default:
      return error.message
  }
}

/** What a job waits for, to stand after "No result yet:". */
export const waitsFor: Record<Waiting, string> = {
  no_worker: 'no worker is there that could do it',
  queue_paused: 'its queue is paused',
  at_limit: 'every worker is busy, it is its turn soon',
  scheduled: 'it is scheduled for later',
  retrying: 'it failed and will be tried again',
  running: 'a worker is still at it',
  disconnected: 'the hub cannot be reached',
}

const sentence = (reason: unknown, otherwise: string) => (typeof reason === 'string' && reason !== '' ? reason : otherwise)

/** 12.1 MB, 480 kB. */
export function inBytes(bytes: number): string {
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} kB`
}

/** 1 frame, 7 frames. */
export const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`
