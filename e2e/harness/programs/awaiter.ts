import { connect } from '@anchorleg/client'
import { say } from './channel.js'

const [url = '', ref = ''] = process.argv.slice(2)
const client = connect(url)
say({ msg: 'awaited', result: await client.await(client.attach(ref)) })
await client.close()
process.disconnect()
