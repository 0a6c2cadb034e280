import { spawn } from 'node:child_process'

/**
 * A process that notices the end of this one, even by SIGKILL, and then ends the server `pid` by SIGQUIT and deletes its folder.
 * Killed first, it does neither.
 */
export function guard(pid: number, folder: string): { kill(): void } {
  const script = 'cat; kill -QUIT "$0"; sleep 1; rm -rf "$1"'
  const child = spawn('/bin/sh', ['-c', script, String(pid), folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  child.on('error', () => {})
  child.unref()
  // The pipe alone must not keep this process alive either.
  const pipe = child.stdin as unknown as { unref(): void; destroy(): void }
  pipe.unref()
  return {
    kill() {
      child.kill('SIGKILL')
      pipe.destroy()
    },
  }
}
