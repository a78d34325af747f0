/**
 * Integers as netlink carries them: in the machine's own byte order, except where an attribute says big-endian
 * (netlink(7)). Only this file knows which order the machine has.
 */
import { endianness } from 'node:os'

const little = endianness() === 'LE'

export const readU16 = (bytes: Buffer, offset = 0): number =>
  little ? bytes.readUInt16LE(offset) : bytes.readUInt16BE(offset)
export const readU32 = (bytes: Buffer, offset = 0): number =>
  little ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset)
export const readS32 = (bytes: Buffer, offset = 0): number =>
  little ? bytes.readInt32LE(offset) : bytes.readInt32BE(offset)
export const readU64 = (bytes: Buffer, offset = 0): bigint =>
  little ? bytes.readBigUInt64LE(offset) : bytes.readBigUInt64BE(offset)

export const writeU16 = (bytes: Buffer, value: number, offset: number): number =>
  little ? bytes.writeUInt16LE(value, offset) : bytes.writeUInt16BE(value, offset)
export const writeU32 = (bytes: Buffer, value: number, offset: number): number =>
  little ? bytes.writeUInt32LE(value, offset) : bytes.writeUInt32BE(value, offset)
export const writeS32 = (bytes: Buffer, value: number, offset: number): number =>
  little ? bytes.writeInt32LE(value, offset) : bytes.writeInt32BE(value, offset)
export const writeU64 = (bytes: Buffer, value: bigint, offset: number): number =>
  little ? bytes.writeBigUInt64LE(value, offset) : bytes.writeBigUInt64BE(value, offset)
