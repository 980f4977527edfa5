import { type ArchiveStorage, type Finding, TopicArchive } from 'kafkeep'
import { describe, expect, it } from 'vitest'
import { damageObject, fillArchive, findingsOf, type ObjectDamage, type Place } from './verified-archive.js'
import { collected } from './znode-arbitrary.js'

/** What is found: its kind, and of which of the objects that are not as they were; `-` of none, but of their offsets. */
type Expected = readonly `${Finding['kind']} ${'it' | 'other' | 'both' | '-'}`[]
/** By what is damaged and how. `deep` has to be asked for. */
const TABLE: readonly (readonly [place: Place, damage: ObjectDamage, found: Expected, deep?: 'deep'])[] = [
  ...(['first segment', 'segment', 'last segment', 'segment with a sidecar'] as const).flatMap(
    (place) =>
      [
        [place, 'a flipped bit', ['damaged it'], 'deep'],
        [place, 'truncated', ['damaged it'], 'deep'],
        [place, 'missing', ['missing -']],
        [place, 'exchanged', ['damaged both'], 'deep'],
        [place, 'renamed', ['unverifiable other']],
        [place, 'given a name of its kind', ['missing -']],
        [place, 'duplicated', ['unverifiable other']],
      ] as const,
  ),
  ['sidecar', 'a flipped bit', ['damaged it'], 'deep'],
  ['sidecar', 'truncated', ['damaged it'], 'deep'],
  ['sidecar', 'missing', ['missing it']],
  ['sidecar', 'exchanged', ['damaged both'], 'deep'],
  ['sidecar', 'renamed', ['missing it', 'foreign other']],
  ['sidecar', 'given a name of its kind', ['missing it']],
  ['sidecar', 'duplicated', ['foreign other']],
  // A gap is empty: there is nothing in it to be cut off or to be exchanged.
  ['gap', 'a flipped bit', ['damaged it']],
  ['gap', 'missing', ['missing -']],
  ['gap', 'renamed', ['missing -', 'foreign other']],
  ['gap', 'given a name of its kind', ['missing -']],
  ['gap', 'duplicated', ['foreign other']],
  ...(['generation', 'topic.json'] as const).flatMap(
    (place) =>
      [
        [place, 'a flipped bit', ['damaged it']],
        [place, 'truncated', ['damaged it']],
        [place, 'missing', ['missing it']],
        [place, 'exchanged', ['damaged both']],
        [place, 'renamed', ['missing it', 'foreign other']],
        [place, 'given a name of its kind', ['missing it', 'damaged other']],
        [place, 'duplicated', ['foreign other']],
      ] as const,
  ),
  // Nothing names a checkpoint: one that is gone looks as if it had been pruned.
  ['checkpoint', 'a flipped bit', ['damaged it']],
  ['checkpoint', 'truncated', ['damaged it']],
  ['checkpoint', 'exchanged', ['damaged both']],
  ['checkpoint', 'renamed', ['foreign other']],
  ['checkpoint', 'given a name of its kind', ['damaged other']],
  ['checkpoint', 'duplicated', ['foreign other']],
  // The bit in its middle is in the name of its checksum.
  ['archive.json', 'a flipped bit', ['unverifiable it']],
  ['archive.json', 'truncated', ['damaged it']],
  ['archive.json', 'missing', ['missing it']],
  ['archive.json', 'exchanged', ['damaged both']],
  ['archive.json', 'renamed', ['missing it', 'foreign other']],
  ['archive.json', 'given a name of its kind', ['missing it', 'foreign other']],
  ['archive.json', 'duplicated', ['foreign other']],
]

/** What every storage lets a verification find; `open` gives an empty one. */
export function describeVerification(name: string, open: () => Promise<ArchiveStorage>): void {
  describe(`verifying an archive in ${name}`, () => {
    it('finds nothing where nothing is wrong', async () => {
      const storage = await open()
      await fillArchive(storage)
      expect(await findingsOf(storage, { deep: true })).toEqual([])
    })

    it('finds nothing wrong after a merge and a pruning', async () => {
      const storage = await open()
      const { places, others } = await fillArchive(storage)
      const archive = new TopicArchive({ storage })
      const [first, ...rest] = await collected(archive.merge())
      expect(rest).toEqual([])
      expect(first?.replaced).toEqual([places['first segment'], places.segment])
      // Beyond the cut of generation 2, and so in no state but the older one's.
      const beyond = others['segment with a sidecar']
      const gone = (await collected(archive.prune({ keepCheckpoints: 1 }))).map(({ key }) => key)
      expect(gone).toEqual(expect.arrayContaining([places.checkpoint, beyond, `${beyond}.aborted.json`]))
      expect(await findingsOf(storage, { deep: true })).toEqual([])
    })

    it.each(TABLE.map(([place, damage, found, deep]) => ({ place, damage, found, deep: deep !== undefined })))(
      'finds $place $damage: $found',
      async ({ place, damage, found, deep }) => {
        const storage = await open()
        const archive = await fillArchive(storage)
        const [own = '', other = ''] = await damageObject(storage, archive, place, damage)
        const expected = found.flatMap((finding): object[] => {
          const [kind, which] = finding.split(' ')
          if (which === '-')
            return [expect.objectContaining({ kind, from: expect.anything(), next: expect.anything() })]
          const keys = which === 'both' ? [own, other] : [which === 'it' ? own : other]
          return keys.map((key) => expect.objectContaining({ kind, key }))
        })
        for (const options of deep ? [{ deep: true }] : [{}, { deep: true }]) {
          const findings = (await findingsOf(storage, options)).filter(
            ({ key, kind }) => key !== undefined || kind !== 'unverifiable',
          )
          expect(findings).toEqual(expect.arrayContaining(expected))
          for (const { text, hint } of findings) expect([text, hint]).toEqual([expect.any(String), expect.any(String)])
        }
      },
    )
  })
}
