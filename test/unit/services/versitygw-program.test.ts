import { describe, expect, it } from 'vitest'
import { goObstacle } from '../../services/versitygw-program.js'

describe('goObstacle', () => {
  it.each(['go version go1.25.0 linux/amd64\n', 'go version go1.26.8 darwin/arm64\n'])('sees none in %j', (printed) => {
    expect(goObstacle(printed)).toBeUndefined()
  })

  it('says what to install where there is no Go', () => {
    expect(goObstacle(undefined)).toBe('Go was not found: install Go 1.25 or newer (https://go.dev/dl)')
  })

  it.each(['go version go1.19.8 linux/amd64', 'go version devel +abc123'])('shows what was found: %s', (printed) => {
    expect(goObstacle(`${printed}\n`)).toBe(`Go is too old (${printed}): install Go 1.25 or newer (https://go.dev/dl)`)
  })
})
