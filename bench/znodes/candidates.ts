import { fileURLToPath } from 'node:url'
import type { Candidate } from '../rounds.js'
import { type ProcessCost, timed } from '../timed-process.js'

const SNAPSHOT_PROGRAM = new URL('./snapshot-znodes-program.mjs', import.meta.url)
const RESTORE_PROGRAM = new URL('./restore-znodes-program.mjs', import.meta.url)
const ONE_BY_ONE_PROGRAM = new URL('./one-by-one-program.mjs', import.meta.url)

/** What is compared. */
export type CandidateId = 'snapshot' | 'read-one-by-one' | 'restore' | 'create-one-by-one'

/** A server, and a snapshot of a tree that is restored to it in each round. */
export interface ZnodesAtHand {
  /** What is told of it. */
  readonly topic: string
  /** The server's address. */
  readonly server: string
  /** Where the snapshot is. */
  readonly directory: string
  /** The whole tree, with the nodes above those that were asked for. */
  readonly nodes: number
}

/** One way to read or to create so many nodes. */
export interface ZnodeCandidate extends Candidate<CandidateId, ZnodesAtHand> {
  readonly nodes: number
}

/** Restores the snapshot, with default options, to a new place: in each round before the others, who read it there. */
export function restore({ nodes }: Pick<ZnodesAtHand, 'nodes'>): ZnodeCandidate {
  const place = placeOfRound('tree')
  return {
    id: 'restore',
    name: 'create: kafkeep, from files',
    nodes,
    async run({ server, directory }) {
      const order = { connect: server + place(), directory }
      return expected(await program(RESTORE_PROGRAM, order), { created: nodes, failed: 0 })
    },
  }
}

/** Takes a snapshot of what was restored, with default options, to files. */
export function snapshot({ nodes }: Pick<ZnodesAtHand, 'nodes'>): ZnodeCandidate {
  const place = placeOfRound('tree')
  return {
    id: 'snapshot',
    name: 'read: kafkeep, to files',
    nodes,
    async run({ server, directory }) {
      const order = { connect: server + place(), directory: `${directory}-taken` }
      return expected(await program(SNAPSHOT_PROGRAM, order), { nodes, consistency: 'exact' })
    },
  }
}

/** Burry's way to read: the children and the data of one node after the other. */
export function readOneByOne(nodes: number): ZnodeCandidate {
  return oneByOne({ doing: 'read', tree: 'tree', name: "read: Burry's way, to nowhere", nodes })
}

/** Burry's way to create: it looks whether a node is there, creates it, and makes one call more. */
export function createOneByOne(nodes: number): ZnodeCandidate {
  return oneByOne({ doing: 'create', tree: 'one-by-one', name: "create: Burry's way, from memory", nodes })
}

function oneByOne({ doing, tree, name, nodes }: OneByOne): ZnodeCandidate {
  const place = placeOfRound(tree)
  return {
    id: `${doing}-one-by-one`,
    name,
    nodes,
    async run({ server }) {
      const order = { connect: server + place(), doing, nodes }
      return expected(await program(ONE_BY_ONE_PROGRAM, order), { done: nodes })
    },
  }
}

interface OneByOne extends Pick<ZnodeCandidate, 'name' | 'nodes'> {
  readonly doing: 'read' | 'create'
  /** Where it is done. */
  readonly tree: string
}

/** A chroot for each round, the same for all who ask for the same tree. */
function placeOfRound(tree: string): () => string {
  let round = 0
  return () => {
    round += 1
    return `/${tree}-${round}`
  }
}

interface Finished extends ProcessCost {
  readonly stdout: Buffer
}

function program(file: URL, order: object): Promise<Finished> {
  return timed(process.execPath, [fileURLToPath(file), JSON.stringify(order)])
}

/** @throws Error when the program tells something else than it must. */
function expected({ stdout, ...cost }: Finished, wanted: Readonly<Record<string, unknown>>): ProcessCost {
  const told = JSON.parse(stdout.toString())
  if (Object.entries(wanted).some(([key, value]) => told[key] !== value)) throw new Error(`the program tells ${stdout}`)
  return cost
}
