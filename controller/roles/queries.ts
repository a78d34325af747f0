/** How long queries of the data path may take. Each role that relays waits longer than the next one (relayMarginMs). */

/** Of one host's part of a link: a few reads. */
export const countersTimeoutMs = 8000

/** Of a handler of an operator's own Click: a write may have the router exchanged. */
export const handlerTimeoutMs = 20_000
/** For the agent to answer with a ticket for a console. */
export const consoleTimeoutMs = 10_000
