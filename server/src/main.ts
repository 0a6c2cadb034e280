#!/usr/bin/env node
import { release } from '@anchorleg/shared'
import { Command } from 'commander'
import { hubCommand } from './cli/hubCommand.js'
import { migrateCommand } from './cli/migrateCommand.js'
import { tokenCommand } from './cli/tokenCommand.js'
import { ConfigError } from './config.js'
import { StoreRefused } from './store/store.js'

const program = new Command('anchorleg')
  .description('Persistent, distributed tasks that you can await.')
  .version(release)
  .addCommand(hubCommand())
  .addCommand(migrateCommand())
  .addCommand(tokenCommand())

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`anchorleg: ${explain(error)}\n`)
  process.exitCode = 1
}

/** What went wrong, as a sentence where we know it; with its stack where we do not. */
function explain(error: unknown): string {
  if (error instanceof ConfigError || error instanceof StoreRefused) return error.message
  if (error instanceof Error && 'code' in error && 'syscall' in error) return `cannot listen: ${error.message}`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
