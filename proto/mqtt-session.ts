/** Session over a real broker, by MQTT.js. */
import { randomUUID } from 'node:crypto'
import { createConnection } from 'node:net'
import mqtt from 'mqtt'
import { create, type MessageName, toJson } from './codec.ts'
import { open, openJson, seal, sealJson } from './envelope.ts'
import { WeftError } from './errors.ts'
import type { Messages } from './generated/weft.v1.ts'
import { answering, errorReply, throwRefusal } from './serving.ts'
import type { CallOptions, PublishOptions, Received, ReplyName, Session, SessionOptions } from './session.ts'
import { jsonTopic, parseTopic } from './topics.ts'

type Listener = (topic: string, payload: Buffer, retained: boolean) => void

const nothing = Buffer.alloc(0)

/** Whether a topic matches a filter; ours use '+' alone (MQTT 3.1.1, 4.7). */
const matches = (filter: readonly string[], topic: readonly string[]): boolean =>
  filter.length === topic.length && filter.every((level, i) => level === '+' || level === topic[i])

/** Connects in the background and for ever; the session can be used at once. */
export const connectSession = (options: SessionOptions): Session => {
  const { identity, will } = options
  const subscriptions: { readonly filter: string; readonly levels: readonly string[]; readonly listener: Listener }[] =
    []
  const problem = (error: unknown, topic: string) => options.onProblem?.(error, topic)

  const clientOptions: mqtt.IClientOptions = {
    protocolVersion: 4,
    clientId: identity,
    username: identity,
    ...(options.password === undefined ? {} : { password: options.password }),
    clean: true,
    keepalive: 15,
    connectTimeout: 10_000,
    reconnectPeriod: 500,
    // Made anew at each connection below: a broker that lost its state must not silently lose ours.
    resubscribe: false,
    queueQoSZero: false,
    ...(will
      ? {
          will: {
            topic: will.topic,
            payload: seal(will.name, will.message, { sender: identity }),
            qos: 1,
            retain: true,
          },
        }
      : {}),
  }
  const client = options.url.startsWith('unix:')
    ? new mqtt.MqttClient(() => createConnection(options.url.slice('unix:'.length)), clientOptions)
    : mqtt.connect(options.url, clientOptions)

  const subscribeNow = (filters: readonly string[]) =>
    client.subscribeAsync([...filters], { qos: 1 }).then((grants) => {
      for (const { topic, qos } of grants) {
        if (qos === 128) problem(new WeftError('owner.denied', `the broker refuses a subscription to ${topic}`), topic)
      }
    })

  let ended = false
  /** Settles once this connection, or the next one, has all subscriptions: what is answered before nobody would get. */
  let subscribed = Promise.withResolvers<void>()
  let isSubscribed = false
  const subscribeAll = async (): Promise<void> => {
    const filters = subscriptions.map(({ filter }) => filter)
    try {
      if (filters.length > 0) await subscribeNow(filters)
    } catch (error) {
      problem(error, 'subscribe')
      // The next connection tries again.
      if (!client.connected) return
    }
    isSubscribed = true
    subscribed.resolve()
  }
  client.on('connect', () => {
    void subscribeAll()
    options.onConnect?.()
  })
  client.on('close', () => {
    // Whoever waits already goes on waiting for the same.
    if (isSubscribed) subscribed = Promise.withResolvers()
    isSubscribed = false
    if (!ended) options.onDisconnect?.('the connection to the broker is closed')
  })
  client.on('error', (error) => {
    // Once ended, what still comes in cannot be acknowledged any more.
    if (!ended) problem(error, 'connection')
  })
  client.on('message', (topic, payload, packet) => {
    const levels = topic.split('/')
    for (const { levels: filter, listener } of subscriptions) {
      if (!matches(filter, levels)) continue
      try {
        listener(topic, payload, packet.retain)
      } catch (error) {
        problem(error, topic)
      }
    }
  })

  const listen = async (filter: string, listener: Listener): Promise<void> => {
    const known = subscriptions.some((subscription) => subscription.filter === filter)
    subscriptions.push({ filter, levels: filter.split('/'), listener })
    if (client.connected && !known) await subscribeNow([filter])
  }

  const send = async (topic: string, payload: Buffer, retain: boolean, qos: 0 | 1): Promise<void> => {
    if (qos === 0 && !client.connected) return
    await client.publishAsync(topic, payload, { qos, retain })
  }

  const session: Session = {
    identity,
    get connected() {
      return client.connected
    },

    async publish<N extends MessageName>(
      topic: string,
      name: N,
      message: Messages[N],
      publishing: PublishOptions = {},
    ) {
      const { retain = false, qos = 1, epoch = 0, mirror = false } = publishing
      const sent = mirror === 'only' ? [] : [send(topic, seal(name, message, { sender: identity, epoch }), retain, qos)]
      if (mirror) sent.push(send(jsonTopic(topic), Buffer.from(JSON.stringify(toJson(name, message))), retain, qos))
      await Promise.all(sent)
    },

    async clear(topic) {
      await Promise.all([send(topic, nothing, true, 1), send(jsonTopic(topic), nothing, true, 1)])
    },

    async subscribe(filter, name, listener) {
      await listen(filter, (topic, payload, retained) => {
        const parsed = parseTopic(topic)
        if (!parsed) return
        const received = (envelope: Received['envelope']): Received => ({ topic: parsed, envelope, retained })
        if (payload.length === 0) listener(undefined, received(create('Envelope')))
        else {
          const { envelope, message } = open(name, payload)
          listener(message, received(envelope))
        }
      })
    },

    async serve(filter, request, reply, replyTopic, handle) {
      const answer = answering(reply, handle)
      const on = (json: boolean): Listener => {
        const read = json ? openJson : open
        const write = json ? sealJson : seal
        return (topic, payload) => {
          const client = parseTopic(topic)?.client
          if (client === undefined || payload.length === 0) return
          const to = json ? jsonTopic(replyTopic(client)) : replyTopic(client)
          const respond = async () => {
            let correlation = ''
            let message: Messages[typeof reply]
            try {
              const opened = read(request, payload)
              correlation = opened.envelope.correlation
              message = await answer(opened.message, client, opened.envelope)
            } catch (error) {
              message = errorReply(reply, error)
            }
            let sealed: Buffer
            try {
              sealed = write(reply, message, { sender: identity, correlation })
            } catch (error) {
              sealed = write(reply, errorReply(reply, error), { sender: identity, correlation })
            }
            await send(to, sealed, false, 1)
          }
          respond().catch((error: unknown) => problem(error, topic))
        }
      }
      await Promise.all([listen(filter, on(false)), listen(jsonTopic(filter), on(true))])
    },

    async call(requestTopic, request, message, replyTopic, reply, calling: CallOptions = {}) {
      const { timeoutMs = 30_000, idempotencyKey = '' } = calling
      const correlation = randomUUID()
      const deadlineUnixMs = Date.now() + timeoutMs
      const sealed = seal(request, message, { sender: identity, correlation, idempotencyKey, deadlineUnixMs })
      const answered = waitFor(correlation, timeoutMs, requestTopic)
      try {
        await Promise.race([answered.promise, listenForReplies(replyTopic, reply)])
        // The client would send what waits for a connection before it subscribes.
        await Promise.race([answered.promise, subscribed.promise])
        send(requestTopic, sealed, false, 1).catch((error: unknown) => answered.reject(error))
        const answer = (await answered.promise) as Messages[typeof reply]
        throwRefusal(answer)
        return answer
      } finally {
        answered.done()
      }
    },

    async close() {
      if (ended) return
      ended = true
      for (const { reject } of waiting.values()) reject(new WeftError('call.unreachable', 'the session was closed'))
      if (client.connected && will) {
        await Promise.race([
          session.publish(will.topic, will.name, will.message, { retain: true, mirror: true }),
          new Promise((resolve) => setTimeout(resolve, 2000).unref()),
        ]).catch((error: unknown) => problem(error, will.topic))
      }
      await client.endAsync(!client.connected)
    },
  }

  const waiting = new Map<string, { resolve: (reply: unknown) => void; reject: (error: unknown) => void }>()
  const replyTopics = new Map<string, Promise<void>>()

  const listenForReplies = (topic: string, reply: ReplyName): Promise<void> => {
    const known = replyTopics.get(topic)
    if (known !== undefined) return known
    const listening = listen(topic, (_topic, payload) => {
      const { envelope, message } = open(reply, payload)
      waiting.get(envelope.correlation)?.resolve(message)
    })
    replyTopics.set(topic, listening)
    return listening
  }

  const waitFor = (correlation: string, timeoutMs: number, topic: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const timer = setTimeout(() => {
      reject(
        client.connected
          ? new WeftError('call.timeout', `no answer at ${topic} within ${timeoutMs} ms`)
          : new WeftError('call.unreachable', `no connection to the broker for ${topic} within ${timeoutMs} ms`),
      )
    }, timeoutMs)
    waiting.set(correlation, { resolve, reject })
    return {
      promise,
      reject,
      done: () => {
        clearTimeout(timer)
        waiting.delete(correlation)
      },
    }
  }

  return session
}
