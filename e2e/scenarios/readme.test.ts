import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

test('the ten lines of the README run as printed', async () => {
  const readme = await readFile(`${root}README.md`, 'utf8')
  const lines = /```js\n(.*?)```/s.exec(readme)?.[1]
  const program = `${root}hello.test.mjs`
  try {
    await writeFile(program, lines ?? '')
    const { stdout } = await promisify(execFile)(process.execPath, [program], { cwd: root, timeout: 20_000 })
    expect(stdout).toBe('42\n')
  } finally {
    for (const file of ['hello.test.mjs', 'hello.db', 'hello.db-wal', 'hello.db-shm']) await rm(root + file, { force: true })
  }
})
