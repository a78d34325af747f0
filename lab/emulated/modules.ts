/** Kernel modules with what they depend on, as depmod(8) writes it to modules.dep. */

/** `kernel/net/9p/9pnet_virtio.ko.xz` → `9pnet_virtio`. The kernel takes - and _ for the same. */
export const moduleName = (path: string): string =>
  path
    .slice(path.lastIndexOf('/') + 1)
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_')

/**
 * Paths of the modules named and of all that they depend on, each once, in an order in which they can be loaded.
 * Names that modules.dep does not have are left out: they are built into the kernel, or missing, which loading tells.
 */
export const loadOrder = (modulesDep: string, names: readonly string[]): readonly string[] => {
  const dependencies = new Map<string, readonly string[]>()
  const paths = new Map<string, string>()
  for (const line of modulesDep.split('\n')) {
    const [path = '', rest = ''] = line.split(':')
    if (path === '') continue
    dependencies.set(path, rest.split(' ').filter(Boolean))
    paths.set(moduleName(path), path)
  }
  const order = new Set<string>()
  const visiting = new Set<string>()
  const visit = (path: string): void => {
    if (visiting.has(path)) return
    visiting.add(path)
    for (const dependency of dependencies.get(path) ?? []) visit(dependency)
    order.add(path)
  }
  for (const name of names) {
    const path = paths.get(name.replaceAll('-', '_'))
    if (path !== undefined) visit(path)
  }
  return [...order]
}
