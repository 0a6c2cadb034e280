import { connect } from '@anchorleg/client'
import { watchConnection } from './connectionBadge.js'
import { part } from './element.js'
import { receiveFiles } from './lightTable.js'
import { imposter, samplePictures } from './samples.js'
import { Studio } from './studio.js'

const { hub }: { hub: string } = await (await fetch('./studio.json')).json()
const client = connect(hub)
const studio = new Studio(client)

watchConnection(client, hub)
receiveFiles((files) => studio.add(files))
const on = (id: string, act: () => unknown) => part(id, HTMLButtonElement).addEventListener('click', act)
on('samples', async () => studio.add(await samplePictures()))
on('imposter', () => studio.add([imposter()]))
on('sheet', () => studio.makeSheet())
on('clear', () => studio.clear())
studio.restore()
