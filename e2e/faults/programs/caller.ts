import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { connect } from '@anchorleg/client'
import { say } from '#e2e/harness/programs/channel.js'
import { RecordedClient } from '#e2e/history/recordedClient.js'
import { Recorder } from '#e2e/history/recorder.js'
import { recordWire } from '#e2e/history/recordWire.js'
import { stint } from '../jobs.js'

/** What a caller process is started with: one argument of JSON. */
export interface CallerOrders {
  readonly name: string
  readonly urls: readonly string[]
  /** Where its history goes. */
  readonly folder: string
  /** How many jobs it has outstanding at a time. */
  readonly lanes: number
  /** How long a stint takes at most, in ms. */
  readonly longest: number
}

/** What the test says to it: to await the job of another caller, to submit no further one, to end once it awaits nothing. */
export type CallerTold = { readonly await: string } | { readonly now: 'stop' | 'leave' }

const { name, urls, folder, lanes, longest }: CallerOrders = JSON.parse(process.argv[2] ?? '{}')

/** How long one await lasts, in ms; it is begun again until there is a result. */
const patience = 5_000

using recorder = new Recorder(folder, name)
recordWire(recorder)
await using connection = connect(urls, { submitTimeout: 3_000 })
const client = new RecordedClient(connection, recorder)
const forOthers: Promise<void>[] = []
let stopping = false

const leaving = new Promise<void>((resolve) => {
  process.on('message', (told: CallerTold) => {
    if ('await' in told) forOthers.push(result(told.await))
    else if (told.now === 'stop') stopping = true
    else resolve()
  })
})

await connection.ready
say({ msg: 'caller ready' })
await Promise.all(Array.from({ length: lanes }, (_, lane) => submitOn(lane)))
say({ msg: 'all submitted' })
await leaving
await Promise.all(forOthers)
process.disconnect()

/** Submits job after job, and sees to each in another way. The first lane takes no for an answer, the others submit again. */
async function submitOn(lane: number): Promise<void> {
  const ways = [atOnce, afterwards, late, elsewhere]
  for (let i = lane; !stopping; i += 1) {
    const ref = randomUUID()
    const job = stint.new({ ref, ms: Math.random() * longest, failures: i % 5 === 0 ? 1 : 0 }, { ref })
    const stored = lane === 0 ? client.submit(job).then((refused) => refused === undefined) : store(job)
    await (ways[i % ways.length] as typeof atOnce)(ref, stored)
    say({ msg: 'seen to', ref })
    await pause(20)
  }
}

/** Submits the same job again until it is known to be stored. */
async function store(job: ReturnType<typeof stint.new>): Promise<boolean> {
  while ((await client.submit(job)) !== undefined) await pause(100)
  return true
}

/** Awaits while it submits. */
async function atOnce(ref: string, stored: Promise<boolean>): Promise<void> {
  await client.await(ref, { want: 'final', timeout: patience })
  if (await stored) await result(ref)
}

/** Awaits what the very first attempt gives, then the end. */
async function afterwards(ref: string, stored: Promise<boolean>): Promise<void> {
  if (!(await stored)) return
  await client.await(ref, { want: 'any', timeout: patience })
  await result(ref)
}

/** Awaits when the job has probably ended. */
async function late(ref: string, stored: Promise<boolean>): Promise<void> {
  if (!(await stored)) return
  await pause(300)
  await client.await(ref, { want: 'final', timeout: 0 })
  await result(ref)
}

/** Leaves the waiting to another process. */
async function elsewhere(ref: string, stored: Promise<boolean>): Promise<void> {
  if (await stored) say({ msg: 'for another', ref })
}

/** Awaits the final outcome of a job that is stored, again and again. */
async function result(ref: string): Promise<void> {
  for (;;) {
    const given = await client.await(ref, { want: 'final', timeout: patience })
    if (given.type !== 'error' || given.error.code !== 'timeout') return
  }
}
