import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { filePath, namesOf, segmentOf } from '../../../src/storage/filesystem-names.js'
import { isObjectKey } from '../../../src/storage/object-key.js'

const nasty = fc.string({
  unit: fc.constantFrom('a', 'A', 'b', '.', '%', '!', '+', '-', ' ', '\u00E9', 'e\u0301', '\u{1F600}', 'con', '2e'),
  minLength: 1,
  maxLength: 12,
})
const long = fc.string({ unit: fc.constantFrom('x', 'Y', '.', '\u00FC'), minLength: 130, maxLength: 400 })
const segments = fc
  .oneof(nasty, long, fc.string({ minLength: 1 }))
  .filter((text) => isObjectKey(text) && !text.includes('/'))
const kinds = fc.constantFrom('file' as const, 'folder' as const)

describe('names in a directory', () => {
  test('give back the segment that they stand for', () => {
    fc.assert(
      fc.property(segments, kinds, (segment, kind) => {
        expect(segmentOf(namesOf(segment, kind), kind)).toBe(segment)
      }),
    )
  })

  test('are safe on every file system', () => {
    fc.assert(
      fc.property(segments, kinds, (segment, kind) => {
        for (const name of namesOf(segment, kind)) {
          expect(name).toMatch(/^[a-z0-9._!%+-]{1,143}$/)
          expect(name).not.toMatch(/^\.|\.$/)
          expect(name).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/)
        }
      }),
    )
  })

  test('have a dot when they are files and none when they are folders', () => {
    fc.assert(
      fc.property(segments, (segment) => {
        expect(namesOf(segment, 'file').join('')).toContain('.')
        expect(namesOf(segment, 'folder').join('')).not.toContain('.')
      }),
    )
  })

  test.each([
    ['00000-00010.log', 'file', '00000-00010.log'],
    ['archive.json', 'file', 'archive.json'],
    ['no-dot', 'file', 'no-dot.!'],
    ['.hidden', 'file', '%2ehidden.!'],
    ['dot.', 'file', 'dot%2e.!'],
    ['con.log', 'file', '%63on.log'],
    ['nul', 'folder', '%6eul'],
    ['orders.v1', 'folder', 'orders%2ev1'],
    ['OrdersV1', 'folder', '!orders!v1'],
    ['gr\u00FC\u00DF', 'folder', 'gr%c3%bc%c3%9f'],
  ] as const)('are legible: %s as a %s is %s', (segment, kind, name) => {
    expect(namesOf(segment, kind)).toEqual([name])
  })

  test('are cut into nested pieces when they are long', () => {
    expect(namesOf('x'.repeat(300), 'folder')).toEqual([
      `${'x'.repeat(138)}%`,
      `+${'x'.repeat(138)}%`,
      `+${'x'.repeat(24)}`,
    ])
  })

  test.each([
    ['.DS_Store', 'file'],
    ['Thumbs.db', 'file'],
    ['README', 'file'],
    ['readme', 'file'],
    ['lost+found', 'folder'],
    ['a.b', 'folder'],
    ['.kafkeep-temporary', 'folder'],
    ['%2f.!', 'file'],
    ['%61.b', 'file'],
    ['%2e%2e', 'folder'],
    ['%zz.b', 'file'],
    ['\u00E9.b', 'file'],
    ['.!', 'file'],
  ] as const)('of somebody else stand for nothing: %s as a %s', (name, kind) => {
    expect(segmentOf([name], kind)).toBeUndefined()
  })

  test('never lead out of the directory', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '.', '/', '..', '%2e', '\\') }).filter(isObjectKey), (key) => {
        expect(filePath('/root/dir', key).startsWith('/root/dir/')).toBe(true)
      }),
    )
  })
})
