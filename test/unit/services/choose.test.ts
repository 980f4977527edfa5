import { describe, expect, it } from 'vitest'
import { chooseHost, type Machine } from '../../services/choose.js'
import { parseJavaVersion } from '../../services/machine.js'

function machine(has: { java?: number; jars?: boolean; docker?: boolean }): Machine & { readonly asked: string[] } {
  const asked: string[] = []
  const answer = <T>(question: string, value: T) => {
    asked.push(question)
    return Promise.resolve(value)
  }
  return {
    asked,
    javaVersion: () => answer('java', has.java),
    hasJars: () => answer('jars', has.jars ?? false),
    hasDocker: () => answer('docker', has.docker ?? false),
  }
}

describe('chooseHost', () => {
  it('runs local processes where Java and the jars are at hand, without looking for Docker', async () => {
    const able = machine({ java: 17, jars: true, docker: true })
    expect(await chooseHost(able)).toBe('local')
    expect(able.asked).toEqual(['java', 'jars'])
  })

  it.each([
    ['there is no Java', { jars: true, docker: true }],
    ['Java is too old for Kafka 4', { java: 11, jars: true, docker: true }],
    ['there is neither Maven nor its jars', { java: 21, docker: true }],
  ])('runs containers where %s', async (_, has) => {
    expect(await chooseHost(machine(has))).toBe('containers')
  })

  it('says what to install where nothing can run the services', async () => {
    const failure = chooseHost(machine({ java: 11 }))
    await expect(failure).rejects.toThrow('apt-get install -y openjdk-17-jre-headless maven')
    await expect(failure).rejects.toThrow('brew install openjdk@17 maven')
    await expect(failure).rejects.toThrow('found: Java 11, no Docker engine')
  })
})

describe('parseJavaVersion', () => {
  it.each([
    ['openjdk version "17.0.15" 2025-04-15', 17],
    ['openjdk version "21" 2023-09-19', 21],
    ['java version "1.8.0_442"', 8],
    ['The operation could not be completed. Unable to locate a Java Runtime.', undefined],
  ])('reads %s', (printed, version) => {
    expect(parseJavaVersion(printed)).toBe(version)
  })
})
