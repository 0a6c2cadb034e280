import { mintRef, protocol } from '@anchorleg/shared'
import { io, type Socket } from 'socket.io-client'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { mintToken, type TokenClaims } from '#server/identity/mintToken.js'
import { createHub, type Hub } from '#server/index.js'

export const secret = 's'.repeat(32)
/** The hub of the file's tests; each file has its own. */
export let hub: Hub
const sockets: Socket[] = []

beforeAll(async () => {
  const options = { store: 'memory:', port: 0, logLevel: 'silent', secret: ['n'.repeat(32), secret], origins: ['https://app.example'] } as const
  hub = await createHub(options).listen()
})
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.disconnect()
})
afterAll(() => hub.close())

export type Refusal = { readonly code: string; readonly message: string }

export function open(namespace: string, auth: object, options: object = {}, { url } = hub): Socket {
  const socket = io(`${url}${namespace}`, {
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    auth: { protocol, sdk: 'test', ...auth },
    ...options,
  })
  sockets.push(socket)
  return socket
}

export const next = <T>(socket: Socket, event: string) => new Promise<T>((resolve) => socket.once(event, resolve))
export const refusalOf = async (socket: Socket) => (await next<Error & { data: Refusal }>(socket, 'connect_error')).data

export async function enter(claims: TokenClaims): Promise<Socket> {
  const socket = open(`/${claims.role}`, { token: await mintToken(secret, claims) })
  await Promise.race([next(socket, 'welcome'), refusalOf(socket).then((refusal) => Promise.reject(new Error(JSON.stringify(refusal))))])
  return socket
}

export const caller = (fields: object = {}) => enter({ role: 'client', tenant: 'acme', ...fields } as TokenClaims)
export const job = (fields: object = {}) => ({ ref: mintRef(), name: 'double', codec: 'd6', args: '[1]', ...fields })
export const ask = <T = unknown>(socket: Socket, event: string, message: object): Promise<{ ok: T } | { refused: Refusal }> =>
  socket.emitWithAck(event, message)

export async function ok<T>(socket: Socket, event: string, message: object): Promise<T> {
  const answer = await ask<T>(socket, event, message)
  if ('refused' in answer) throw new Error(JSON.stringify(answer.refused))
  return answer.ok
}

export async function stored(socket: Socket, fields: object = {}): Promise<string> {
  const { ref, ...rest } = job(fields)
  const [submitted] = await ok<object[]>(socket, 'submit', { jobs: [{ ref, ...rest }] })
  expect(submitted).not.toHaveProperty('refused')
  return ref
}

/** Registers a worker in a queue, and gives what it is sent. */
export async function work(socket: Socket, queue: string, names: readonly string[] = ['double'], held: readonly object[] = []) {
  const sent: any[] = []
  const waiting: (() => void)[] = []
  socket.on('perform', (assignments: object[], acknowledge: () => void) => {
    acknowledge()
    sent.push(...assignments)
    for (const tell of waiting.splice(0)) tell()
  })
  const registered = await ok<{ held: boolean[] }>(socket, 'register', { names, queues: { [queue]: 10 }, held })
  const nth = async (n: number): Promise<any> => {
    while (sent.length < n) await new Promise<void>((resolve) => waiting.push(resolve))
    return sent[n - 1]
  }
  return { registered, sent, nth }
}

export const settleOk = ({ jobId, lease }: { jobId: string; lease: string }) => ({
  settlements: [{ jobId, lease, outcome: { type: 'ok', codec: 'd6', value: '[42]' } }],
})
