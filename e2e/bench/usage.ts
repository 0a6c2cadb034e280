import { comparisons, systemNames, trials } from './scenarios.js'

const abouts = (all: Readonly<Record<string, { about: string; count?: number }>>) =>
  Object.entries(all).map(([name, { about, count }]) => `  ${name.padEnd(26)}${about}${count ? ` (${count.toLocaleString('en-US')})` : ''}`)

export const usage = `npm run bench -- [options]

Durable jobs, each awaited by the one who submitted it, in processes of their own, on loopback: beside relays that store
nothing (socket.io one way, socket.io with acknowledgements, bare WebSockets) and beside BullMQ on Redis, in one run.

What is measured:
  --scenario round-trips    one or more of those below, with commas between
  --gate                    instead: a short run beside the relays; fails below what expectedRatios.json expects, less its margins
  --store sqlite            where Anchorleg stores: sqlite, or postgres (a PostgreSQL that the run starts and stops)
  --systems ${systemNames.join(',')}
                            which stand beside each other; BullMQ needs redis-server (installed with apt-get when missing)
  --hubs 1,2,4              instead, with --store postgres: what a job costs in CPU, statements, log and signals with so many
                            hubs on one database; clients and workers are as many as the most hubs, spread over them
  --uploads                 instead: one client's latency while another pushes typed arrays of 12 MB

Scenarios that compare, by turns and round by round:
${abouts(comparisons).join('\n')}

Scenarios of their own, most with a verdict; one that fails makes the command fail:
${abouts(trials).join('\n')}

How:
  --outstanding 1,64,1000   jobs kept outstanding, a line each (64,1000 with --hubs)
  --slots 2000,10           worker slots; the first everywhere, the others at the most outstanding jobs (the first alone with --hubs)
  --workers 1               worker processes, which share the slots
  --connections 1           connections of the client, which share the outstanding jobs
  --value <bytes>           each job carries a text so long there and back, up to 500000 (default: one number)
  --jobs <number>           how many jobs or clients a scenario of its own has
  --rounds 3                repetitions, each with fresh processes and a fresh store
  --seconds 2               how long each load is measured in a round
  --pace <jobs a second>    begin no more than so many, so that what is compared does equal work; with --hubs at each hub that
                            has clients, as hubs are added when there is more to do
  --folder <path>           where stores lie for the run (default: in e2e/dist, on the project's disk)

The result:
  --markdown                print Markdown tables
  --json <file>             also write every figure of every round, and the medians with their spread
  --profile <folder>        also write CPU profiles of all Node processes (slower)
  --help`
