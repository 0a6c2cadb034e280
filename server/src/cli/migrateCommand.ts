import { Command, Option } from 'commander'
import { migrateStore } from '../store/openStore.js'

/** `anchorleg migrate`: brings the schema of a PostgreSQL store up to date by hand, as the first hub to start would. */
export function migrateCommand(): Command {
  return new Command('migrate')
    .description('Bring the schema of a PostgreSQL store up to date, before hubs of this version start.')
    .addOption(new Option('--store <address>', 'postgres://…').env('ANCHORLEG_STORE').makeOptionMandatory())
    .action(async ({ store }: { store: string }) => {
      const { from, to } = await migrateStore(store)
      process.stdout.write(from === to ? `The schema is at version ${to} already.\n` : `The schema went from version ${from} to ${to}.\n`)
    })
}
