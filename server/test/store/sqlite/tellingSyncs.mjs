// Loaded ahead of a program: it writes a line each time the disk has taken what was written.
import fs, { writeSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const { fdatasync } = fs
/** @type {(fd: number, done: import('node:fs').NoParamCallback) => void} */
const telling = (fd, done) =>
  fdatasync(fd, (error) => {
    writeSync(1, 'synced\n')
    done(error)
  })
fs.fdatasync = Object.assign(telling, { __promisify__: fdatasync.__promisify__ })
syncBuiltinESMExports()
