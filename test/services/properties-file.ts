import { writeFile } from 'node:fs/promises'

/** Writes a Java properties file: what all four servers are configured with. Returns its path. */
export async function writeProperties(file: string, properties: Readonly<Record<string, string>>): Promise<string> {
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`)
  await writeFile(file, lines.join(''))
  return file
}
