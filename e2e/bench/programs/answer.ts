import type { CpuTime } from '../processTime.js'

/** What the benchmark asks a program, over the channel that Node opens between a parent and its child. */
export interface Question {
  readonly id: number
  readonly ask: string
  readonly input: unknown
}

/** What the program answers, as one line of its output; or why it cannot. */
export type Reply = { readonly id: number; readonly answer: unknown } | { readonly id: number; readonly trouble: string }

type Handlers = Readonly<Record<string, (input: never) => unknown>>

/** Answered by every program: the CPU time of its process since its start, all threads included, and a request to end. */
const always: Handlers = {
  cpu(): CpuTime {
    const { user, system } = process.cpuUsage()
    return { user: user / 1e6, system: system / 1e6 }
  },
  end: () => void setImmediate(() => process.exit()),
}

/** Answers the benchmark's questions by these handlers. The process ends with the benchmark at the latest. */
export function answer(handlers: Handlers): void {
  const all: Handlers = { ...always, ...handlers }
  process.on('message', async ({ id, ask, input }: Question) => {
    try {
      const handler = all[ask]
      if (!handler) throw new Error(`This program knows no "${ask}".`)
      reply({ id, answer: (await handler(input as never)) ?? null })
    } catch (error) {
      reply({ id, trouble: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
  })
  process.once('disconnect', () => process.exit())
}

function reply(message: Reply): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}
