/** False where it has not come true in time. */
export const until = async (condition: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<boolean> => {
  const end = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > end) return false
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return true
}
