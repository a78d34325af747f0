/** Numbers of the kernel's helper functions (linux/bpf.h __BPF_FUNC_MAPPER; bpf-helpers(7) says what each takes and gives). */
export const helpers = {
  mapLookupElem: 1,
  mapUpdateElem: 2,
  mapDeleteElem: 3,
  ktimeGetNs: 5,
  tracePrintk: 6,
  getPrandomU32: 7,
  getSmpProcessorId: 8,
  skbStoreBytes: 9,
  l3CsumReplace: 10,
  l4CsumReplace: 11,
  tailCall: 12,
  cloneRedirect: 13,
  skbVlanPush: 18,
  skbVlanPop: 19,
  redirect: 23,
  perfEventOutput: 25,
  skbLoadBytes: 26,
  csumDiff: 28,
  skbChangeProto: 31,
  skbChangeType: 32,
  getHashRecalc: 34,
  skbChangeTail: 38,
  skbPullData: 39,
  csumUpdate: 40,
  setHashInvalid: 41,
  skbChangeHead: 43,
  xdpAdjustHead: 44,
  skbAdjustRoom: 50,
  redirectMap: 51,
  xdpAdjustMeta: 54,
  xdpAdjustTail: 65,
  skbLoadBytesRelative: 68,
  fibLookup: 69,
  spinLock: 93,
  spinUnlock: 94,
  skbEcnSetCe: 97,
  jiffies64: 118,
  ktimeGetBootNs: 125,
  ringbufOutput: 130,
  ringbufReserve: 131,
  ringbufSubmit: 132,
  ringbufDiscard: 133,
  ringbufQuery: 134,
  csumLevel: 135,
  redirectNeigh: 152,
  redirectPeer: 155,
  ktimeGetCoarseNs: 160,
  checkMtu: 163,
  forEachMapElem: 164,
  loop: 181,
  xdpGetBuffLen: 188,
  xdpLoadBytes: 189,
  xdpStoreBytes: 190,
  skbSetTstamp: 192,
  mapLookupPercpuElem: 195,
  ktimeGetTaiNs: 208,
} as const

export type HelperName = keyof typeof helpers

/** As the kernel calls them: bpf_map_lookup_elem. */
const kernelName = (name: string): string => `bpf_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`

const namesByNumber: ReadonlyMap<number, string> = new Map(
  Object.entries(helpers).map(([name, number]) => [number, kernelName(name)]),
)

/** 'bpf_map_lookup_elem#1', as the verifier's log; 'unknown#999' where this table has no name. */
export const formatHelper = (number: number): string => `${namesByNumber.get(number) ?? 'unknown'}#${number}`
