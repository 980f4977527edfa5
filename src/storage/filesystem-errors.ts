import { KafkeepError, StorageError } from '../errors.js'

const HINTS: Readonly<Record<string, string>> = {
  EACCES: 'give the process the right to read and write the directory',
  EDQUOT: 'the quota is used up',
  EISDIR: 'a directory stands where an object belongs; somebody else writes to this directory',
  ELOOP: 'do not put symbolic links into the directory',
  EMFILE: 'raise the limit of open files',
  ENAMETOOLONG: 'move the directory to a shorter path',
  ENOSPC: 'free some space: the file system is full',
  ENOTDIR: 'a file stands where a directory belongs; somebody else writes to this directory',
  ENOTSUP: 'use a file system that has hard links',
  EPERM: 'use a file system that has hard links, and give the process the right to write to it',
  EROFS: 'the file system is mounted read-only',
  EXDEV: 'keep the whole directory on one file system',
}

const RETRYABLE = new Set(['EAGAIN', 'EBUSY', 'EINTR', 'EMFILE', 'ENFILE', 'ESTALE', 'ETIMEDOUT'])

/** Awaits work of the file system; what it throws becomes a {@link StorageError} that says what was being done. */
export async function fileSystemCall<T>(action: string, key: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw error instanceof KafkeepError ? error : fileSystemError(action, key, error)
  }
}

/** Whether the file system has answered with the error `code`. */
export function hasCode(error: unknown, code: string): boolean {
  return codeOf(error) === code
}

/** The {@link StorageError} for an error of the file system. */
export function fileSystemError(action: string, key: string, error: unknown): StorageError {
  const code = codeOf(error) ?? 'unknown error'
  return new StorageError(`cannot ${action} ${key === '' ? 'the directory' : key}: ${code}`, {
    key,
    hint: HINTS[code],
    retryable: RETRYABLE.has(code),
    cause: error,
  })
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
