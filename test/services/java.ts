import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { libraryDirectory } from './jars.js'
import type { ServiceName } from './service-name.js'

/** A Java program out of the jars of one service. */
export interface JavaProgram {
  /** Whose jars are the class path. */
  readonly jars: ServiceName
  readonly mainClass: string
  readonly args: readonly string[]
  /** Most that the heap may grow to. */
  readonly heapMegabytes: number
  /**
   * How the JVM works.
   *
   * @defaultValue so that it starts quickly and stays small
   */
  readonly flags?: readonly string[] | undefined
  /** System properties of the JVM. @defaultValue none */
  readonly systemProperties?: Readonly<Record<string, string>> | undefined
  /** Whether it is a server, which logs what it does, or a tool, which prints nothing but its result. */
  readonly logs: 'server' | 'tool'
  /** Folder for its temporary files, such as unpacked native libraries. The system's, when not given. */
  readonly temporaryDirectory?: string | undefined
}

/** The `java` of `JAVA_HOME`, or else the one found on the path. */
export function javaExecutable(): string {
  const home = process.env['JAVA_HOME']
  return home === undefined || home === '' ? 'java' : join(home, 'bin', 'java')
}

/** Every test run pays for the start of its servers and tools. */
const QUICK_AND_SMALL = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']

/** The arguments that start a program. */
export async function javaArguments(program: JavaProgram): Promise<string[]> {
  const { temporaryDirectory, systemProperties = {}, flags = QUICK_AND_SMALL } = program
  return [
    `-Xmx${program.heapMegabytes}m`,
    ...flags,
    // Else a killed JVM leaves a file in the temp folder.
    '-XX:-UsePerfData',
    ...(temporaryDirectory === undefined ? [] : [`-Djava.io.tmpdir=${temporaryDirectory}`]),
    loggingProperty(program),
    ...Object.entries(systemProperties).map(([name, value]) => `-D${name}=${value}`),
    '-cp',
    // The JVM itself expands the star.
    join(await libraryDirectory(program.jars), '*'),
    program.mainClass,
    ...program.args,
  ]
}

/** Each server has a logging library of its own: log4j 1, log4j 2, or logback. */
function loggingProperty({ jars, logs }: JavaProgram): string {
  const extension = jars === 'kafka39' ? 'properties' : 'xml'
  const file = fileURLToPath(new URL(`./logging/${jars}-${logs}.${extension}`, import.meta.url))
  if (jars === 'kafka39') return `-Dlog4j.configuration=file:${file}`
  if (jars === 'kafka4') return `-Dlog4j2.configurationFile=${file}`
  return `-Dlogback.configurationFile=${file}`
}
