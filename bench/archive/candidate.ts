import type { Candidate, Result } from '../rounds.js'

/** What is compared. */
export type CandidateId = 'files' | 's3' | 'kcat' | 'perf-test'

/** One way to read a whole topic. */
export type ArchiveCandidate = Candidate<CandidateId>

/** What a candidate took in each round. */
export type ArchiveResult = Result<CandidateId>
