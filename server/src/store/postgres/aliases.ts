import type { Statement, Transaction } from './transaction.js'

const readAliases: Statement = {
  name: 'readAliases',
  text: 'SELECT alias_of AS "jobId", ref FROM jobs WHERE alias_of = ANY ($1::bigint[])',
}

/** Reads the aliases of jobs, by the jobs' public ids. */
export async function aliasesOf(transaction: Transaction, ids: readonly number[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const aliases = new Map<string, string[]>()
  if (ids.length === 0) return aliases
  for (const { jobId, ref } of await transaction.rows<{ jobId: number; ref: string }>(readAliases, ids)) {
    const others = aliases.get(String(jobId))
    if (others) others.push(ref)
    else aliases.set(String(jobId), [ref])
  }
  return aliases
}
