import { type SpredfastLayoutOptions, spredfastLayout } from 'kafkeep'
import { expect, it } from 'vitest'

it.each([
  [undefined, 'spredfastLayout takes an options object'],
  [{}, '`keys` must be given'],
  [{ keys: 'yes' }, '`keys` must be true or false'],
  [{ keys: true, key: true }, 'has no option `key`'],
  [{ keys: true, prefix: '/pfx' }, 'a key prefix must'],
  [{ keys: true, prefix: 7 }, 'a key prefix must'],
  [{ keys: true, format: 'avro' }, '`format` must be one of'],
  [{ keys: true, blockBytes: 0 }, '`blockBytes` must be a whole number'],
  [{ keys: true, blockBytes: 2 ** 31 }, '`blockBytes` must be a whole number'],
  [{ keys: true, emptyAs: 'nothing' }, '`emptyAs` must be one of'],
  [{ keys: true, keyDelimiter: ',' }, "`keyDelimiter` is only for format: 'text'"],
  [{ keys: true, valueDelimiter: ',' }, "`valueDelimiter` is only for format: 'text'"],
  [{ keys: true, format: 'text' }, '`keyDelimiter` must be given when `keys` is true'],
  [{ keys: false, format: 'text', keyDelimiter: ',' }, '`keyDelimiter` must be given when `keys` is true'],
  [{ keys: true, format: 'text', keyDelimiter: '' }, '`keyDelimiter` must be a string that is not empty'],
  [{ keys: false, format: 'text', valueDelimiter: '' }, '`valueDelimiter` must be a string that is not empty'],
  [{ keys: true, allowLoss: 'headers' }, '`allowLoss` must be true, false or a list'],
  [{ keys: true, allowLoss: ['offsets'] }, '`allowLoss` must be one of'],
  [{ keys: true, useIndex: 1 }, '`useIndex` must be true or false'],
])('the layout is not made of %j', (options, message) => {
  expect(() => spredfastLayout(options as SpredfastLayoutOptions)).toThrow(message)
})
