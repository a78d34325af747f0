import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const shopYaml = `\
vnet: shop
prefix: 10.1.0.0/16
nodes:
  r1: {interfaces: 1}
  r2: {interfaces: 1}
links:
  r1-r2: {ends: [r1.0, r2.0], rate: 10 Mbit/s}
`

/** Gives the file's path. */
export const requestFile = (directory: string, text = shopYaml, name = 'shop.yaml'): string => {
  const file = join(directory, name)
  writeFileSync(file, text)
  return file
}
