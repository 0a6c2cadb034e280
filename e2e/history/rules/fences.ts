import type { Mark } from '../event.js'
import type { Rule } from '../finding.js'
import type { JobStory } from '../history.js'

/**
 * Every outcome that a worker gave came from a run that held the job's lease then: that of the attempt it stands for, before
 * the lease was taken. Jobs that are cancelled while they run are beyond this rule: their outcome is the caller's word.
 */
export const fences: Rule = function* (history) {
  yield* sharedLeases(history.jobs)
  for (const story of history.refs) {
    const { ref: about, end } = story
    if (end?.standing !== 'job') continue
    for (const job of history.jobsOf(story)) {
      for (const outcome of end.outcomes.filter(isWorkers)) {
        const holders = holdersOf(job, outcome)
        const events = [...job.claims, ...job.settles.filter(({ print }) => print === outcome.print), end]
        if (holders.length === 0) yield { about, says: `outcome ${outcome.number} came from no run of job ${job.jobId}`, events }
        else if (!holders.some(({ attempt }) => attempt === outcome.attempt)) {
          const attempts = holders.map(({ attempt }) => attempt).join(', ')
          yield { about, says: `outcome ${outcome.number}, of attempt ${outcome.attempt}, came from a run of attempt ${attempts}`, events }
        }
      }
      yield* afterCrash(job, about, end.outcomes)
      yield* afterLoss(job, about)
      yield* wrongStale(job, about, end.outcomes)
    }
    yield* missingAttempts(about, end.outcomes)
  }
}

function isWorkers({ type, code }: Mark): boolean {
  return type !== 'error' || code !== 'crashed'
}

/** The claims of the runs that gave this outcome. */
function holdersOf({ claims, settles }: JobStory, { print }: Mark) {
  const leases = new Set(settles.filter((settle) => settle.print === print).map(({ lease }) => lease))
  return claims.filter(({ lease }) => leases.has(lease))
}

/** Each claim has a lease token of its own. */
function* sharedLeases(jobs: readonly JobStory[]) {
  const claims = new Map<string, JobStory['claims'][number]>()
  for (const claim of jobs.flatMap((job) => job.claims)) {
    const before = claims.get(claim.lease)
    if (before && (before.by !== claim.by || before.jobId !== claim.jobId)) {
      yield { about: `job ${claim.jobId}`, says: 'two claims have the same lease', events: [before, claim] }
    }
    claims.set(claim.lease, claim)
  }
}

/** An attempt that crashed has lost its lease: nothing that it gives later counts. */
function* afterCrash(job: JobStory, about: string, outcomes: readonly Mark[]) {
  for (const crash of outcomes.filter((outcome) => !isWorkers(outcome))) {
    const later = outcomes.find((outcome) => isWorkers(outcome) && outcome.attempt === crash.attempt && outcome.number > crash.number)
    if (later) yield { about, says: `attempt ${crash.attempt} crashed, and settled later`, events: job.settles }
  }
}

/** A lease that was taken settles nothing. */
function* afterLoss({ losses, verdicts }: JobStory, about: string) {
  for (const loss of losses) {
    const settled = verdicts.find(({ lease, verdict }) => lease === loss.lease && verdict === 'settled')
    if (settled) yield { about, says: 'a run whose lease was taken was told that it settled its job', events: [loss, settled] }
  }
}

/** The run that settled a job last is answered so however often it asks. */
function* wrongStale({ verdicts, settles }: JobStory, about: string, outcomes: readonly Mark[]) {
  const last = outcomes.findLast(isWorkers)
  for (const verdict of verdicts.filter((each) => each.verdict === 'stale')) {
    const settle = settles.find(({ lease }) => lease === verdict.lease)
    if (settle && settle.print === last?.print)
      yield { about, says: 'the run whose outcome is stored last was told it is stale', events: [settle, verdict] }
  }
}

/** Attempts count from 1, and each ends with an outcome, unless it was given back and made again. */
function* missingAttempts(about: string, outcomes: readonly Mark[]) {
  const last = Math.max(0, ...outcomes.map(({ attempt }) => attempt))
  const had = new Set(outcomes.map(({ attempt }) => attempt))
  for (let attempt = 1; attempt < last; attempt += 1) {
    if (!had.has(attempt)) yield { about, says: `attempt ${attempt} of ${last} has no outcome: its lease was replaced while it was held`, events: [] }
  }
}
