import { isMainThread } from 'node:worker_threads'
import { answer } from './answer.js'

// Loaded into the hub's process before the hub itself, which stays the program that people run: it only says how much CPU it took.
if (isMainThread) {
  answer({})
  process.channel?.unref()
}
