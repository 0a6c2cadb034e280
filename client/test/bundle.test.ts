import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

const entry = fileURLToPath(new URL('../dist/index.js', import.meta.url))

const bundled = await build({
  entryPoints: [entry],
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  metafile: true,
  write: false,
})
const inputs = Object.keys(bundled.metafile.inputs)

test('the browser entry is free of Node, of zod and of the worker', () => {
  const foreign = inputs.filter((path) => /(^|\/)(node:|node_modules\/(zod|ws|socket\.io)\/)|client\/dist\/worker\//.test(path))
  const external = Object.values(bundled.metafile.outputs).flatMap(({ imports }) =>
    imports.filter(({ external }) => external).map(({ path }) => path),
  )
  expect(inputs.some((path) => path.endsWith('client/dist/index.js'))).toBe(true)
  expect([foreign, external]).toEqual([[], []])
})

test('the browser bundle takes at most 24 kB gzip', () => {
  const bytes = gzipSync(bundled.outputFiles[0]?.contents ?? '').length
  console.info(`browser bundle: ${(bytes / 1000).toFixed(1)} kB gzip`)
  expect(bytes).toBeGreaterThan(10_000)
  expect(bytes).toBeLessThanOrEqual(24_000)
})
