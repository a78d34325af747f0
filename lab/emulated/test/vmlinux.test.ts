import { spawnSync } from 'node:child_process'
import { zstdCompressSync } from 'node:zlib'
import t from 'tap'
import { findProgram } from '../../host/libvirt.ts'
import { payloadOf, unpackVmlinux } from '../vmlinux.ts'

/** A bzImage as far as its header is read: boot sector, two sectors of set-up, 16 bytes of code, the payload, its unpacked size, more code. */
const bzImage = (payload: Buffer): Buffer => {
  const image = Buffer.alloc(3 * 512 + 16 + payload.length + 4 + 32)
  image.writeUInt8(2, 0x1f1) // setup_sects
  image.write('HdrS', 0x202, 'latin1')
  image.writeUInt16LE(0x20f, 0x206) // version of the protocol
  image.writeUInt32LE(16, 0x248) // payload_offset
  image.writeUInt32LE(payload.length + 4, 0x24c) // payload_length
  payload.copy(image, 3 * 512 + 16)
  return image
}

const kernel = Buffer.concat([Buffer.from('\x7fELF', 'latin1'), Buffer.alloc(5000, 7)])

t.test('a payload is found where the header says, without the size after it', (t) => {
  t.same(payloadOf(bzImage(zstdCompressSync(kernel))), { compression: 'zstd', bytes: zstdCompressSync(kernel) })
  t.equal(payloadOf(bzImage(Buffer.alloc(100)))?.compression, 'other')
  t.end()
})

t.test('a kernel packed with zstd is unpacked', (t) => {
  t.ok(unpackVmlinux(bzImage(zstdCompressSync(kernel)))?.equals(kernel))
  t.end()
})

t.test('a kernel packed with xz is unpacked', { skip: findProgram('xz') ? false : 'xz is not installed' }, (t) => {
  const { stdout } = spawnSync('xz', ['-c', '--check=crc32'], { input: kernel })
  t.ok(unpackVmlinux(bzImage(stdout))?.equals(kernel))
  t.end()
})

t.test('a kernel packed with LZ4 is unpacked', (t) => {
  const literals = kernel.subarray(0, 12)
  const block = Buffer.concat([Buffer.from([12 << 4]), literals])
  const size = Buffer.alloc(4)
  size.writeUInt32LE(block.length)
  const frame = Buffer.concat([Buffer.from([0x02, 0x21, 0x4c, 0x18]), size, block])
  t.equal(payloadOf(bzImage(frame))?.compression, 'lz4')
  t.ok(unpackVmlinux(bzImage(frame))?.equals(literals))
  t.end()
})

t.test('what is no image of a kernel, or packed otherwise, is left as it is', (t) => {
  t.equal(unpackVmlinux(Buffer.alloc(2000)), undefined)
  t.equal(unpackVmlinux(Buffer.alloc(3)), undefined)
  t.equal(unpackVmlinux(bzImage(Buffer.alloc(100))), undefined)
  t.equal(unpackVmlinux(bzImage(zstdCompressSync(Buffer.from('no kernel')))), undefined)
  const short = bzImage(zstdCompressSync(kernel))
  t.equal(unpackVmlinux(short.subarray(0, short.length - 40)), undefined, 'an image that was cut')
  t.end()
})
