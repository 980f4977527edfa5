import * as kafkeep from 'kafkeep'
import {
  ArchiveCorruptError,
  ArchiveGapError,
  ForeignContentError,
  KafkeepError,
  LogDivergedError,
  LossyCodecError,
  NotInArchiveError,
  ObjectNotFoundError,
  RestoreConflictError,
  SnapshotIncompleteError,
  StorageError,
  TargetConflictError,
  TopicNotFoundError,
  TransportError,
  UnsupportedClientError,
  UnsupportedFormatError,
} from 'kafkeep'
import { describe, expect, it } from 'vitest'

const CAUSE = new Error('the cause')
const OPTIONS = { cause: CAUSE, hint: 'try this', retryable: true }

const ROWS: readonly (readonly [string, string, KafkeepError])[] = [
  ['ArchiveCorruptError', 'ARCHIVE_CORRUPT', new ArchiveCorruptError('x', OPTIONS)],
  ['ArchiveGapError', 'ARCHIVE_GAP', new ArchiveGapError('x', OPTIONS)],
  ['ForeignContentError', 'FOREIGN_CONTENT', new ForeignContentError('x', OPTIONS)],
  ['LogDivergedError', 'LOG_DIVERGED', new LogDivergedError('x', OPTIONS)],
  ['LossyCodecError', 'LOSSY_CODEC', new LossyCodecError('x', OPTIONS)],
  ['NotInArchiveError', 'NOT_IN_ARCHIVE', new NotInArchiveError('x', OPTIONS)],
  ['ObjectNotFoundError', 'OBJECT_NOT_FOUND', new ObjectNotFoundError('x', OPTIONS)],
  ['RestoreConflictError', 'RESTORE_CONFLICT', new RestoreConflictError('x', OPTIONS)],
  ['SnapshotIncompleteError', 'SNAPSHOT_INCOMPLETE', new SnapshotIncompleteError('x', OPTIONS)],
  ['StorageError', 'STORAGE_FAILED', new StorageError('x', OPTIONS)],
  ['TargetConflictError', 'TARGET_CONFLICT', new TargetConflictError('x', OPTIONS)],
  ['TopicNotFoundError', 'TOPIC_NOT_FOUND', new TopicNotFoundError('x', OPTIONS)],
  ['TransportError', 'TRANSPORT_FAILED', new TransportError('x', { ...OPTIONS, system: 'kafka' })],
  ['UnsupportedClientError', 'UNSUPPORTED_CLIENT', new UnsupportedClientError('x', OPTIONS)],
  ['UnsupportedFormatError', 'UNSUPPORTED_FORMAT', new UnsupportedFormatError('x', OPTIONS)],
]

describe('an error of kafkeep', () => {
  it.each(ROWS)('of class %s has the code %s, and keeps what it was given', (name, code, error) => {
    expect(error).toBeInstanceOf(KafkeepError)
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name, code, cause: CAUSE, hint: 'try this', retryable: true })
    expect(error.message).toContain('x')
    expect(String(error)).toContain(name)
  })

  it('is of a class that the table above has', () => {
    const classes = Object.values(kafkeep).filter(
      (value) => typeof value === 'function' && value.prototype instanceof KafkeepError,
    )
    expect(new Set(classes)).toEqual(new Set(ROWS.map(([, , error]) => error.constructor)))
    expect(new Set(ROWS.map(([, code]) => code)).size).toBe(classes.length)
  })

  it('is not worth a repetition, and has neither cause nor hint, unless somebody says so', () => {
    const error = new ArchiveCorruptError('x')
    expect(error.retryable).toBe(false)
    expect('cause' in error).toBe(false)
    expect([error.hint, error.key, error.from, error.next]).toEqual([undefined, undefined, undefined, undefined])
  })

  it('tells what it is about in fields of its own', () => {
    expect(new ArchiveCorruptError('x', { key: 'k', from: 1n, next: 2n })).toMatchObject({
      key: 'k',
      from: 1n,
      next: 2n,
    })
    expect(new StorageError('x', { key: 'k' }).key).toBe('k')
    expect(new ObjectNotFoundError('k').key).toBe('k')
    expect(new TopicNotFoundError('t').topic).toBe('t')
    const refused = new TransportError('x', { system: 'zookeeper', reason: 'NoAuth' })
    expect(refused).toMatchObject({ system: 'zookeeper', reason: 'NoAuth' })
  })
})
