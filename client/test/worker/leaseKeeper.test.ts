import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker as Thread } from 'node:worker_threads'
import { type Lease, mintLease, namespaces, seal } from '@anchorleg/shared'
import { workerMessages } from '@anchorleg/shared/schemas'
import { expect, onTestFinished, test } from 'vitest'
import { Connection } from '#client/connection.js'
import { defineJob } from '#client/index.js'
import type { Log } from '#client/worker/index.js'
import { LeaseBoard } from '#client/worker/leaseBoard.js'
import { LeaseKeeper } from '#client/worker/leaseKeeper.js'
import type { FromLeaseThread, LeaseThreadData } from '#client/worker/leaseMessages.js'
import { RememberedToken } from '#client/worker/rememberedToken.js'
import { assignment, leaseOf } from '../support/assignment.js'
import { type Heard, ScriptedHub } from '../support/scriptedHub.js'
import { heldHandler, settlements, silent, wellHub, work } from '../support/workerScripts.js'

const job = defineJob({ name: 'job' })
const busyProgram = fileURLToPath(new URL('../support/busyWorker.mjs', import.meta.url))
const threadProgram = new URL(import.meta.resolve('#client/worker/leaseThread.js'))
const nowhere = new URL('file:///nowhere/leaseThread.js')

const registerFor =
  (leaseMs: number) =>
  ({ message }: Heard) => ({ held: message.held.map(() => true), leaseMs })
const renewed = ({ message }: Heard) => workerMessages.renew.parse(message).leases
const lease = (jobId: string): Lease => ({ jobId, lease: mintLease() })

/** Starts a worker in a process of its own; it drains when told anything, and then has no reason to live. */
function startBusyWorker(hub: ScriptedHub) {
  const child = fork(busyProgram, [hub.url])
  return {
    drain: () => child.send('drain'),
    ended: once(child, 'exit'),
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  }
}

test('a handler that computes without a pause keeps its lease: a thread renews it, on a connection of its own', async () => {
  await using hub = await ScriptedHub.open({ ...wellHub, register: registerFor(600) })
  using worker = startBusyWorker(hub)
  const { socket } = await hub.nth('register')
  const folder = mkdtempSync(join(tmpdir(), 'anchorleg-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const sent = assignment(join(folder, 'enough'))
  await socket.emitWithAck('perform', [sent])
  // The handler computes until the hub has heard so many.
  await hub.nth('renew', hub.all('renew').length + 4)
  const renewals = hub.all('renew')
  expect(hub.all('settle')).toEqual([])
  writeFileSync(join(folder, 'enough'), '')
  const { message } = await hub.nth('settle')
  expect(message.settlements).toMatchObject([{ ...leaseOf(sent), outcome: { type: 'ok', value: seal('there') } }])
  for (const renewal of renewals) {
    expect(renewed(renewal)).toEqual([leaseOf(sent)])
    expect(renewal.socket.id).not.toBe(socket.id)
  }
  // While its process was busy nobody could give it another token.
  expect(hub.handshakes.map(({ token }) => token)).toEqual(['token 1', 'token 1'])
  worker.drain()
  expect(await worker.ended).toEqual([0, null])
})

/** The thread by itself, with a board that the test writes. */
async function startThread(hub: ScriptedHub, more: Partial<LeaseThreadData> = {}) {
  const board = LeaseBoard.make(4)
  const data = {
    memory: board.memory,
    addresses: [`${hub.url}/socket.io/`],
    token: undefined,
    asksToken: false,
    leaseMs: 60,
    silenceMs: 60_000,
    ...more,
  }
  const thread = new Thread(threadProgram, { workerData: data satisfies LeaseThreadData })
  const told: FromLeaseThread[] = []
  thread.on('message', (message: FromLeaseThread) => told.push(message))
  await once(thread, 'online')
  return { board, thread, told, next: () => once(thread, 'message'), [Symbol.asyncDispose]: async () => void (await thread.terminate()) }
}

test('a run past its timeout is renewed no more', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  await using thread = await startThread(hub)
  const [stuck, patient] = [lease('1'), lease('2')]
  thread.board.write(0, { lease: stuck, timeout: 100 })
  thread.board.write(1, { lease: patient, timeout: Number.POSITIVE_INFINITY })
  await hub.nth('renew', 20)
  const renewals = hub.all('renew').flatMap(renewed)
  const times = (held: Lease) => renewals.filter(({ lease }) => lease === held.lease).length
  // It is seen every 20 ms.
  expect([times(stuck) <= 6, times(patient)]).toEqual([true, renewals.length - times(stuck)])
  expect(renewed(hub.all('renew').at(-1) as Heard)).toEqual([patient])
})

test('a thread of handlers that gives no sign for too long loses its leases, and keeps them when it does again', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  await using thread = await startThread(hub, { silenceMs: 200 })
  thread.board.write(0, { lease: lease('1'), timeout: Number.POSITIVE_INFINITY })
  await hub.nth('renew', 3)
  for (let before = -1; before < hub.all('renew').length; ) {
    before = hub.all('renew').length
    for (let i = 0; i < 3; i += 1) await thread.next()
  }
  const silent = hub.all('renew').length
  expect(silent).toBeLessThanOrEqual(11)
  thread.board.beat()
  await hub.nth('renew', silent + 1)
})

test('a thread that has nothing to renew opens no connection', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  await using thread = await startThread(hub)
  for (let i = 0; i < 3; i += 1) expect(await thread.next()).toEqual([{ type: 'renewed', lost: [] }])
  expect(hub.sockets).toEqual([])
})

test('a thread tells which leases are lost, and nothing while the hub does not answer', async () => {
  await using hub = await ScriptedHub.open({ renew: ({ message }) => message.leases.map(({ jobId }: Lease) => jobId !== '1') })
  await using thread = await startThread(hub)
  const lost = lease('1')
  thread.board.write(0, { lease: lost, timeout: Number.POSITIVE_INFINITY })
  thread.board.write(1, { lease: lease('2'), timeout: Number.POSITIVE_INFINITY })
  await hub.nth('renew')
  while (!thread.told.some((message) => message.type === 'renewed' && message.lost.length > 0)) await thread.next()
  expect(thread.told.at(-1)).toEqual({ type: 'renewed', lost: [lost] })
  hub.scripts = {}
  const open = await hub.nth('renew', hub.all('renew').length + 1)
  const before = thread.told.length
  await hub.nth('renew', hub.all('renew').length + 2)
  expect(thread.told.slice(before)).toEqual([])
  open.answer({ ok: [true, true] })
  expect(await thread.next()).toEqual([{ type: 'renewed', lost: [] }])
})

test('a hub that lets no thread in is told of', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  hub.refusal = { code: 'forbidden', message: 'One connection only.' }
  await using thread = await startThread(hub)
  thread.board.write(0, { lease: lease('1'), timeout: Number.POSITIVE_INFINITY })
  while (!thread.told.some(({ type }) => type === 'refused')) await thread.next()
  expect(thread.told.at(-1)).toEqual({ type: 'refused', message: 'One connection only.' })
})

test('a thread whose last token has run out while nobody could give it another renews again as soon as somebody does', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  const refusal = { code: 'unauthorized', message: 'The token has expired.' }
  Object.defineProperty(hub, 'refusal', { get: () => (hub.handshakes.at(-1)?.token === 'old' ? refusal : undefined) })
  await using thread = await startThread(hub, { asksToken: true, token: 'old' })
  thread.board.write(0, { lease: lease('1'), timeout: Number.POSITIVE_INFINITY })
  await hub.when(() => hub.handshakes.length >= 2)
  thread.thread.on('message', ({ type }: FromLeaseThread) => {
    if (type === 'token') thread.thread.postMessage({ type: 'token', token: 'new' })
  })
  await hub.nth('renew')
  expect(hub.handshakes.at(-1)).toMatchObject({ token: 'new' })
  expect(thread.told.filter(({ type }) => type === 'refused')).toEqual([])
})

/** A keeper with a registered connection beside it. */
async function makeKeeper(hub: ScriptedHub, { token, program, log = silent }: { token?: () => Promise<string>; program?: URL; log?: Log } = {}) {
  const addresses = [`${hub.url}/socket.io/`]
  const remembered = new RememberedToken(token)
  const none = { connected() {}, disconnected() {}, failed() {}, ended() {}, hears: {} }
  const connection: Connection<any> = new Connection({ addresses, namespace: namespaces.worker, token: remembered.forConnection }, none)
  connection.open()
  await connection.ready
  const own = hub.socket
  const lost: Lease[] = []
  const keeper = new LeaseKeeper({
    connection,
    addresses,
    token: remembered,
    log,
    lost: (leases) => lost.push(...leases),
    ...(program && { program }),
  })
  const close = async () => {
    await keeper.close()
    connection.close()
  }
  return { keeper, lost, own, [Symbol.asyncDispose]: close }
}

test('a token function is asked here for the thread’s connection too', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  let asked = 0
  await using place = await makeKeeper(hub, { token: async () => `token ${++asked}` })
  place.keeper.hold([lease('1')])
  place.keeper.start(3_000)
  await hub.when(() => hub.all('renew').some(({ socket }) => socket.id !== place.own.id))
  expect(hub.handshakes.map(({ token }) => token)).toEqual(['token 1', 'token 2'])
})

test('a token function that fails leaves the thread with the last token', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  let asked = 0
  const token = async () => {
    if (++asked > 1) throw new Error('no session')
    return 'token 1'
  }
  await using place = await makeKeeper(hub, { token })
  place.keeper.hold([lease('1')])
  place.keeper.start(60)
  await hub.when(() => hub.all('renew').some(({ socket }) => socket.id !== place.own.id))
  expect(hub.handshakes.map(({ token }) => token)).toEqual(['token 1', 'token 1'])
})

test('more leases than a board has places are all renewed, and those given up no more', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  await using place = await makeKeeper(hub)
  place.keeper.start(60)
  const leases = Array.from({ length: 300 }, (_, i) => lease(String(i)))
  place.keeper.hold(leases.slice(0, 200))
  place.keeper.hold(leases)
  const byThread = () => hub.all('renew').filter(({ socket }) => socket.id !== place.own.id)
  const whole = await hub.when(() => byThread().find((heard) => renewed(heard).length === 300))
  expect(renewed(whole)).toEqual(expect.arrayContaining(leases))
  for (const { lease } of leases.slice(1)) place.keeper.free(lease)
  place.keeper.free('unknown')
  expect(renewed(await hub.when(() => byThread().find((heard) => renewed(heard).length === 1)))).toEqual(leases.slice(0, 1))
})

test('where the thread cannot start, leases are renewed on the worker’s own connection, with a warning', async () => {
  await using hub = await ScriptedHub.open({ renew: ({ message }) => message.leases.map(() => false) })
  const held = lease('1')
  let warn = (_: string) => {}
  const warning = new Promise<string>((resolve) => {
    warn = resolve
  })
  await using place = await makeKeeper(hub, { program: nowhere, log: { ...silent, warn: (message) => warn(message) } })
  place.keeper.hold([held])
  place.keeper.start(60)
  expect(await warning).toContain('Leases are renewed from the handlers’ own thread')
  const renewal = await hub.nth('renew', hub.all('renew').length + 2)
  expect([renewal.socket.id, renewed(renewal)]).toEqual([place.own.id, [held]])
  expect(place.lost[0]).toEqual(held)
})

test('while the thread does not reach the hub, leases are renewed on the worker’s own connection', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  await using place = await makeKeeper(hub)
  hub.refusal = { code: 'store_unavailable', message: 'No more connections.' }
  place.keeper.hold([lease('1')])
  place.keeper.start(60)
  expect((await hub.nth('renew', 2)).socket.id).toBe(place.own.id)
})

test('a closed keeper renews nothing, and may be closed again', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  await using place = await makeKeeper(hub)
  place.keeper.hold([lease('1')])
  place.keeper.start(60)
  await hub.nth('renew')
  await place.keeper.close()
  await place.keeper.close()
  place.keeper.start(60)
  await hub.when(() => hub.sockets.every((socket) => socket.id === place.own.id || socket.disconnected))
})

test('what runs and what is not stored yet is renewed, what is settled no more', async () => {
  await using hub = await ScriptedHub.open({ ...wellHub, register: registerFor(60), settle: () => undefined })
  const { handler, started } = heldHandler()
  await using worker = work(hub, [job.perform(handler)])
  await worker.ready
  const { socket } = hub
  const [running, unstored, stored] = [assignment('running'), assignment('unstored'), assignment('stored')]
  socket.emit('perform', [running, unstored, stored])
  for (const n of [2, 3]) (await started(n)).finish()
  const heard = await hub.nth('settle')
  expect(settlements(heard)).toHaveLength(2)
  await hub.when(() => hub.all('renew').some((renewal) => renewed(renewal).length === 3))
  heard.answer({ refused: { code: 'store_unavailable', message: 'Busy.' } })
  hub.scripts.settle = ({ message }) => message.settlements.map(() => 'settled')
  await hub.nth('settle', 2)
  await hub.when(() => renewed(hub.all('renew').at(-1) as Heard).length === 1)
  expect(renewed(hub.all('renew').at(-1) as Heard)).toEqual([leaseOf(running)])
})
