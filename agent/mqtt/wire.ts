/** The agent's end of the wire: desired state and commands in; what it tells goes through report/publisher.ts. */
import type { Logger } from 'pino'
import { WeftError } from '../../proto/errors.ts'
import type { HostCommand, HostReply, HostStatus, Slice } from '../../proto/generated/weft.v1.ts'
import type { Session, SessionOptions } from '../../proto/session.ts'
import { topics } from '../../proto/topics.ts'
import { localOwner } from '../commands/context.ts'
import { controllerOwner } from '../state/rules.ts'

export interface WireOptions {
  readonly connect: (options: SessionOptions) => Session
  readonly brokerUrl: string
  readonly password?: string | undefined
  readonly domain: string
  readonly host: string
  /** Client that is the host's controller: its commands are the controller's. */
  readonly controller: string
  /** Said by the broker where this agent goes without a word. */
  readonly farewell: HostStatus
  readonly log: Logger
  readonly onDesired: (slice: Slice) => void
  /** The desired state of a VNet was taken off the broker. That removes nothing. */
  readonly onCleared: (vnet: string) => void
  readonly onCommand: (command: HostCommand, owner: string) => Promise<HostReply>
  /** There is a connection, again, and it is listened to: who hears of us now may call. */
  readonly onReady: () => void
}

export interface Wire {
  readonly session: Session
  /** Begins to listen; settles when the broker agreed, or at once where there is none yet. */
  listen(): Promise<void>
}

/** Owner that a client of the broker stands for. Two names are nobody's: they would pass for someone else. */
export const ownerOf = (client: string, controller: string): string => {
  if (client === controller) return controllerOwner
  if (client !== controllerOwner && client !== localOwner) return client
  throw new WeftError('owner.denied', `no client may be called ${client}`, { hint: `the controller is ${controller}` })
}

export const openWire = (options: WireOptions): Wire => {
  const { domain, host, log } = options
  // A broker that is away is tried twice a second: said once, not for each try.
  let isAwaySaid = false
  let isListening = false
  const session = options.connect({
    url: options.brokerUrl,
    identity: host,
    ...(options.password === undefined ? {} : { password: options.password }),
    will: { topic: topics.status(domain, host), name: 'HostStatus', message: options.farewell },
    onConnect: () => {
      isAwaySaid = false
      log.info({ broker: options.brokerUrl }, 'connected to the broker')
      if (isListening) options.onReady()
    },
    onDisconnect: (reason) => {
      if (!isAwaySaid) log.warn({ broker: options.brokerUrl, reason }, 'the connection to the broker ended')
      isAwaySaid = true
    },
    onProblem: (error, topic) => {
      const { message } = error as Error
      if (topic !== 'connection') log.warn({ topic, error: message }, 'a problem on the wire')
      else if (!isAwaySaid) log.warn({ broker: options.brokerUrl, error: message }, 'no connection to the broker')
      if (topic === 'connection') isAwaySaid = true
    },
  })

  const listen = async (): Promise<void> => {
    await Promise.all([
      session.subscribe(topics.desired(domain, host, '+'), 'Slice', (slice, { topic }) => {
        if (slice === undefined) {
          if (topic.vnet !== undefined) options.onCleared(topic.vnet)
        } else if (slice.vnet === topic.vnet) options.onDesired(slice)
        else log.warn({ vnet: topic.vnet, slice: slice.vnet }, 'a slice of another VNet stands in the topic')
      }),
      session.serve(
        topics.command(domain, host, '+'),
        'HostCommand',
        'HostReply',
        (client) => topics.reply(domain, host, client),
        async (command, client) => options.onCommand(command, ownerOf(client, options.controller)),
      ),
    ])
    isListening = true
    if (session.connected) options.onReady()
  }

  return { session, listen }
}
