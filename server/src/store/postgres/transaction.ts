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

/** Statements over a connection. */
export function transactionOn(client: pg.Client): Transaction {
  return {
    rows<Row extends object>({ name, text }: Statement, ...parameters: readonly Parameter[]): Promise<Row[]> {
      const answer = client.query<Row>({ name, text, values: parameters.map(encode) }).then(({ rows }) => rows)
      // Whoever asked learns of a failure from the first of its statements; the others fail along.
      answer.catch(() => {})
      return answer
    },
  }
}
