// Opens the database of its first argument as a user who may not write it, and writes what came of it. The modules are loaded
// before root is given up, because that user may not be able to read them.
import { openDatabase } from '#server/store/sqlite/openDatabase.js'

const [, , file = ''] = process.argv
openDatabase(':memory:').close()
if (process.getuid?.() === 0) {
  process.setgid?.(65_534)
  process.setuid?.(65_534)
}
try {
  openDatabase(file).close()
  console.log('opened')
} catch (error) {
  console.log(error instanceof Error ? `${error.name} ${error.message}` : error)
}
