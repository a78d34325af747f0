import t from 'tap'
import { encodeFrame, frameKinds, frameReader } from '../inside/frames.ts'

t.test('frames are read whole, however they come', (t) => {
  const sent = [
    encodeFrame(frameKinds.stdout, Buffer.from('one')),
    encodeFrame(frameKinds.stderr, Buffer.alloc(0)),
    encodeFrame(frameKinds.stdout, Buffer.alloc(70_000, 7)),
    encodeFrame(frameKinds.end, Buffer.from('143')),
  ]
  const whole = Buffer.concat(sent)
  for (const size of [1, 4, 5, 6, 1000, whole.length]) {
    const read = frameReader()
    const frames = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
      read(whole.subarray(i * size, (i + 1) * size)),
    ).flat()
    t.same(
      frames.map(({ kind, payload }) => [kind, payload.length]),
      [
        [1, 3],
        [2, 0],
        [1, 70_000],
        [3, 3],
      ],
      `pieces of ${size} bytes`,
    )
    t.equal(frames.at(-1)?.payload.toString(), '143')
  }
  t.end()
})
