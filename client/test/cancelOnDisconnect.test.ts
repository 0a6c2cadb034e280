import { jobRequest } from '@anchorleg/shared/schemas'
import { expect, test } from 'vitest'
import { connect, defineJob } from '#client/index.js'
import { allPending, failedOutcome, type Heard, okOutcome, ScriptedHub, storeAll } from './support/scriptedHub.js'

const job = defineJob({ name: 'job' })
const submitted = ({ message }: Heard) => message.jobs.map((each: unknown) => jobRequest.parse(each))
const refsOf = ({ message }: Heard) => message.refs

test('the flag travels with the job, and with it that the caller is attached', async () => {
  await using hub = await ScriptedHub.open({ submit: storeAll })
  await using client = connect(hub.url)
  await client.async(job.new(), { cancelOnDisconnect: true })
  await client.async(job.new(), { cancelOnDisconnect: false })
  expect(hub.all('submit').flatMap(submitted)).toMatchObject([
    { cancelOnDisconnect: true, want: 'final' },
    expect.not.objectContaining({ cancelOnDisconnect: true }),
  ])
  expect(hub.heard.map(({ event }) => event)).toEqual(['submit', 'submit'])
})

test('the caller stays attached beside its awaits, over reconnects, until the job has ended', async () => {
  await using hub = await ScriptedHub.open({ submit: storeAll, attach: allPending })
  await using client = connect(hub.url)
  const promise = client.async(job.new(), { cancelOnDisconnect: true })
  const result = client.await(promise)
  const { ref } = await promise
  expect(refsOf(await hub.nth('attach'))).toEqual([{ ref, want: 'final' }])
  hub.push({ ref, outcome: failedOutcome('x') })
  await result
  hub.cut()
  expect(refsOf(await hub.nth('attach', 2))).toEqual([{ ref, want: 'final' }])
  hub.push({ ref, outcome: okOutcome(1) })
  await client.async(job.new())
  hub.cut()
  await hub.connection(3)
  await client.async(job.new())
  expect(hub.all('attach')).toHaveLength(2)
})

test('a caller whose submit was refused is attached to nothing', async () => {
  await using hub = await ScriptedHub.open({
    submit: ({ message }) => message.jobs.map(({ ref }: { ref: string }) => ({ ref, refused: { code: 'ref_conflict', message: 'No.' } })),
  })
  await using client = connect(hub.url)
  await expect(client.async(job.new(), { cancelOnDisconnect: true })).rejects.toMatchObject({ code: 'ref_conflict' })
  await expect(client.async(undefined as never, { cancelOnDisconnect: true })).rejects.toMatchObject({ code: 'invalid_job' })
  hub.scripts = { submit: storeAll }
  await client.async(job.new())
  expect(hub.heard.map(({ event }) => event)).toEqual(['submit', 'submit'])
})
