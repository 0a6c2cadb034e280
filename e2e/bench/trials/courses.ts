import type { Place } from '../compare.js'
import type { Finding } from '../finding.js'
import type { TrialName } from '../scenarios.js'
import { backlog } from './backlog.js'
import { coldStart } from './coldStart.js'
import { fairness } from './fairness.js'
import { idleClients } from './idleClients.js'
import { prune } from './prune.js'
import { reattach } from './reattach.js'
import { soak } from './soak.js'
import { trace } from './trace.js'

/** The scenarios with a course of their own, each for so many jobs or clients. */
export const courses: Readonly<Record<TrialName, (place: Place, count: number) => Promise<Finding>>> = {
  'cold-start': coldStart,
  'idle-clients': idleClients,
  ...{ trace, backlog, fairness, reattach, soak, prune },
}
