const WORDS = 4_000
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'

/** A source of words that compress about as well as real text does: the same in every run. */
export function randomText(): (length: number) => string {
  let state = 1
  const below = (limit: number) => {
    // The constants of POSIX's example `rand`; the low bits of such a generator are not random.
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % limit
  }
  const word = () => Array.from({ length: 3 + below(8) }, () => LETTERS[below(LETTERS.length)]).join('')
  const words = Array.from({ length: WORDS }, word)
  return (length) => {
    let text = ''
    while (text.length < length) text += `${words[below(WORDS)]} `
    return text.slice(0, length)
  }
}
