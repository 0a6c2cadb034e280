import type pg from 'pg'
import { encode, type Parameter } from './text.js'

/** A statement that each connection prepares once, under its name. */
export interface Statement {
  readonly name: string
  readonly text: string
}

/** What an operation speaks to. Statements that are asked without waiting go out together, and run in order. */
export interface Transaction {
  /**
   * Asks a statement.
   * @throws {TypeError} at once, for a parameter that no column takes
   */
  rows<Row extends object>(statement: Statement, ...parameters: readonly Parameter[]): Promise<Row[]>
}

/** Statements over a connection, each sent as it is asked. */
export function transactionOn(client: pg.Client): Transaction {
  return { rows: (statement, ...parameters) => ask(client, encoded(statement, parameters)) }
}

/** Statements that are sent later, all at once. */
export class Gathered implements Transaction {
  readonly #asked: { readonly query: Query; readonly resolve: (rows: Promise<never[]>) => void }[] = []
  #sent = false

  /** What went wrong first: all that comes behind it in the transaction fails as well, and says nothing of it. */
  failure: unknown

  rows<Row extends object>(statement: Statement, ...parameters: readonly Parameter[]): Promise<Row[]> {
    if (this.#sent) throw new Error('a transaction that was sent whole is asked for more')
    const query = encoded(statement, parameters)
    const answer = new Promise<Row[]>((resolve) => this.#asked.push({ query, resolve }))
    answer.catch(() => {})
    return answer
  }

  get size(): number {
    return this.#asked.length
  }

  send(client: pg.Client): void {
    this.#sent = true
    for (const { query, resolve } of this.#asked) {
      const answer = ask<never>(client, query)
      answer.catch((error: unknown) => (this.failure ??= error))
      resolve(answer)
    }
  }
}

interface Query {
  readonly name: string
  readonly text: string
  readonly values: (string | null)[]
}

function encoded({ name, text }: Statement, parameters: readonly Parameter[]): Query {
  return { name, text, values: parameters.map(encode) }
}

function ask<Row extends object>(client: pg.Client, query: Query): Promise<Row[]> {
  const answer = client.query<Row>(query).then(({ rows }) => rows)
  // Whoever asked learns of a failure from the first of its statements; the others fail along.
  answer.catch(() => {})
  return answer
}
