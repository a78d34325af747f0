/** Every configuration that is compared, and the frames for it. */
import { configurations, type TestConfiguration } from './configurations.ts'
import { forwardConfigurations } from './forward-configurations.ts'
import { conversation, generateFrames } from './frames.ts'
import { ipConfigurations } from './ip-configurations.ts'
import { lanConfigurations } from './lan-configurations.ts'
import { routerConfigurations } from './router-configurations.ts'
import { tunnelConfigurations } from './tunnel-configurations.ts'
import { generateTunnelFrames } from './tunnel-frames.ts'

export const allConfigurations: readonly TestConfiguration[] = [
  ...configurations,
  ...ipConfigurations,
  ...lanConfigurations,
  ...routerConfigurations,
  ...tunnelConfigurations,
  ...forwardConfigurations,
]

/** The same for the same seed and number of rounds. */
export const framesFor = (seed: number, rounds: number): ((configuration: TestConfiguration) => readonly Buffer[]) => {
  const ofAllKinds = generateFrames(seed, rounds)
  const talk = conversation(seed, 80 * rounds)
  const tunnels = generateTunnelFrames(seed, 2 * rounds)
  return ({ isConversation, isOfTunnels, leastBytes = 0 }) =>
    (isConversation ? talk : isOfTunnels ? tunnels : ofAllKinds).filter((frame) => frame.length >= leastBytes)
}
