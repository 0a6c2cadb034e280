import { part } from './element.js'

/** Takes files wherever they come from: dropped anywhere on the page, chosen, or pasted. */
export function receiveFiles(onFiles: (files: File[]) => void): void {
  const input = part('files', HTMLInputElement)
  part('choose', HTMLButtonElement).addEventListener('click', () => input.click())
  input.addEventListener('change', () => {
    hand(input.files, onFiles)
    input.value = ''
  })
  document.addEventListener('paste', (event) => hand(event.clipboardData?.files, onFiles))
  receiveDrops(onFiles)
}

function receiveDrops(onFiles: (files: File[]) => void): void {
  let depth = 0
  const mark = () => document.body.classList.toggle('dragging', depth > 0)
  const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false
  document.addEventListener('dragenter', (event) => {
    if (carriesFiles(event)) depth++
    mark()
  })
  document.addEventListener('dragleave', (event) => {
    if (carriesFiles(event)) depth = Math.max(0, depth - 1)
    mark()
  })
  document.addEventListener('dragover', (event) => {
    if (carriesFiles(event)) event.preventDefault()
  })
  document.addEventListener('drop', (event) => {
    depth = 0
    mark()
    if (!carriesFiles(event)) return
    event.preventDefault()
    hand(event.dataTransfer?.files, onFiles)
  })
}

function hand(files: FileList | null | undefined, onFiles: (files: File[]) => void): void {
  if (files && files.length > 0) onFiles([...files])
}
