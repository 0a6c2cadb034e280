import { Command, Option } from 'commander'
import type { HubOptions } from '../config.js'
import { createHub, type Hub } from '../hub.js'
import { splitList } from './splitList.js'
import { secretOption } from './tokenCommand.js'

/** Each flag of `anchorleg hub`; its environment variable is `ANCHORLEG_` and the flag in capitals. */
const flags = [
  ['--port <number>', 'port to listen on; 0 takes a free one (default 4040)'],
  ['--host <address>', 'address to listen on; without a secret or public keys a loopback one (default 127.0.0.1)'],
  ['--store <address>', 'sqlite:<path>, postgres://…, or memory: for tests (default sqlite:./anchorleg.db)'],
  ['--path <path>', 'path of the Socket.IO endpoint (default /socket.io/)'],
  ['--lease <ms>', 'how long a worker keeps a job without renewing (default 15000)'],
  ['--grace <ms>', 'how long a job outlives its worker’s closed connection (default 2000)'],
  ['--retention <seconds>', 'how long finished jobs and results are kept (default 86400)'],
  ['--args-limit <bytes>', 'largest encoded args (default 1048576)'],
  ['--result-limit <bytes>', 'largest encoded result (default 1048576)'],
  ['--connections-per-address <number>', 'connections from one address; 0 for any number (default 1000 where tokens are asked for)'],
  ['--connections-per-tenant <number>', 'connections of one tenant; 0 for any number (default 10000 where tokens are asked for)'],
  ['--awaits-per-connection <number>', 'refs that one connection awaits or watches; 0 for any number (default 10000 where tokens are asked for)'],
  ['--submits-per-tenant <number>', 'jobs a second of one tenant; 0 for any number (default 10000 where tokens are asked for)'],
  ['--submits-per-connection <number>', 'jobs a second of one connection; 0 for any number (default 5000 where tokens are asked for)'],
  ['--messages-per-connection <number>', 'messages a second of one connection; 0 for any number (default 10000)'],
  ['--buffer-limit <bytes>', 'what may wait for a peer that does not read (default 16777216, and at least four frames)'],
  ['--handshake-timeout <ms>', 'how long a request may take to arrive, and a connection to join (default 10000)'],
  ['--trust-proxy <number>', 'proxies before the hub whose X-Forwarded-For is believed (default 0)'],
  ['--drain-timeout <ms>', 'how long a stop may take (default 25000)'],
  ['--log-level <level>', 'trace, debug, info, warn, error, fatal or silent (default info)'],
] as const

/** Those that take several texts, separated by commas. */
const lists = [
  ['--public-keys <paths>', 'files with public keys of a service that signs tokens: PEM, JSON Web Keys or sets of them'],
  ['--issuer <names>', 'who must have issued such tokens'],
  ['--audience <names>', 'whom such tokens must be meant for'],
  ['--origins <origins>', 'origins, beside the hub’s own, whose pages may connect, such as https://app.example.org'],
] as const

/** `anchorleg hub`: runs a hub until SIGTERM or SIGINT, then stops it cleanly and exits 0. */
export function hubCommand(): Command {
  const command = new Command('hub').description('Run a hub: it stores jobs, routes them to workers and their results to whoever awaits them.')
  const add = (option: Option) => command.addOption(option.env(`ANCHORLEG_${option.long?.slice(2).replaceAll('-', '_').toUpperCase()}`))
  for (const [flag, description] of flags) add(new Option(flag, description))
  for (const [flag, description] of lists) add(new Option(flag, description).argParser(splitList))
  add(secretOption('what tokens are signed with, at least 32 bytes; all are accepted'))
  add(new Option('--metrics <who>', 'who may read /metrics where there are tokens: admin or open (default admin)'))
  return command.action(async (options: HubOptions & { drainTimeout?: number }) => {
    const listening = createHub({ logLevel: 'info', ...options }).listen()
    stopOnSignal(listening, Number(options.drainTimeout ?? 25_000) + marginMs)
    await listening
  })
}

/** What a stop may take beyond its drain, in ms, before the process ends all the same. */
const marginMs = 5_000

/** A signal also stops a hub that is still starting, as soon as it has started. */
function stopOnSignal(listening: Promise<Hub>, deadlineMs: number): void {
  const stop = async () => {
    const late = setTimeout(() => {
      process.stderr.write(`anchorleg: the hub did not stop within ${deadlineMs} ms\n`)
      process.exit(1)
    }, deadlineMs)
    const hub = await listening.catch(() => undefined)
    await hub?.close()
    clearTimeout(late)
    // A hub that could not start has said so, with its own exit code.
    if (hub) process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop())
}
