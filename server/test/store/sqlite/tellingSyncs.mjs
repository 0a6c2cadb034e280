// Loaded ahead of a program: it writes a line each time the disk has taken what was written.
import fs, { writeSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const { fdatasync, fdatasyncSync } = fs
const tell = () => writeSync(1, 'synced\n')

/** @type {(fd: number, done: import('node:fs').NoParamCallback) => void} */
const telling = (fd, done) =>
  fdatasync(fd, (error) => {
    tell()
    done(error)
  })
fs.fdatasync = Object.assign(telling, { __promisify__: fdatasync.__promisify__ })
fs.fdatasyncSync = (fd) => {
  fdatasyncSync(fd)
  tell()
}
syncBuiltinESMExports()
