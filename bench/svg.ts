/** Line charts as SVG: panels side by side, values from zero, legends below. */

export interface Series {
  readonly title: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface Panel {
  readonly title: string
  readonly x: string
  readonly y: string
  readonly series: readonly Series[]
  /** The same way from each x to its double; every x is above 0. */
  readonly doublings?: boolean
}

/** Told apart by people who see few colours too (Okabe and Ito 2008), and by their marks. */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'] as const

const size = { panel: 420, plot: 320, height: 260, left: 70, top: 100, bottom: 60, legend: 22 } as const

const legendTop = size.top + size.height + size.bottom

const quoted = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** The least of 1, 2, 5, 10, 20, … that at most six of cover the range. */
export const stepOf = (most: number): number => {
  const rough = most / 6
  const power = 10 ** Math.floor(Math.log10(rough))
  return power * ([1, 2, 5].find((times) => times * power >= rough) ?? 10)
}

const number = (value: number): string => String(Number(value.toPrecision(6)))
const place = (value: number): string => value.toFixed(1)

const text = (x: number, y: number, words: string, attributes = ''): string =>
  `<text x="${place(x)}" y="${place(y)}"${attributes}>${quoted(words)}</text>`

const mark = (kind: number, x: number, y: number, colour: string): string => {
  const r = 4
  if (kind % 3 === 0) return `<circle cx="${place(x)}" cy="${place(y)}" r="${r}" fill="${colour}"/>`
  if (kind % 3 === 1)
    return `<rect x="${place(x - r)}" y="${place(y - r)}" width="${2 * r}" height="${2 * r}" fill="${colour}"/>`
  return `<path d="M${place(x)} ${place(y - 5)}l5 9h-10z" fill="${colour}"/>`
}

const colourOf = (at: number): string => colours[at % colours.length] ?? colours[0]

const drawPanel = (panel: Panel, left: number): string => {
  const xs = panel.series.flatMap(({ points }) => points.map(([x]) => x))
  const ys = panel.series.flatMap(({ points }) => points.map(([, y]) => y))
  const most = Math.max(...ys, Number.MIN_VALUE)
  const step = stepOf(most)
  const top = Math.ceil(most / step) * step
  const [first, last] = [Math.min(...xs), Math.max(...xs)]
  const along = (x: number): number =>
    panel.doublings
      ? Math.log(x / first) / Math.max(Math.log(last / first), 1)
      : (x - first) / Math.max(last - first, 1)
  const atX = (x: number): number => left + size.left + 20 + along(x) * (size.plot - 40)
  const atY = (y: number): number => size.top + size.height - (y / top) * size.height
  const [axis, right] = [left + size.left, left + size.left + size.plot]
  const foot = size.top + size.height
  const levels = Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step)
  const middle = size.top + size.height / 2
  return [
    text(axis, size.top - 12, panel.title, ' font-weight="bold"'),
    ...levels.flatMap((y) => [
      `<path d="M${place(axis)} ${place(atY(y))}H${place(right)}" stroke="${y === 0 ? '#000' : '#ddd'}"/>`,
      text(axis - 6, atY(y) + 4, number(y), ' text-anchor="end"'),
    ]),
    `<path d="M${place(axis)} ${size.top}V${foot}" stroke="#000"/>`,
    ...[...new Set(xs)].flatMap((x) => [
      `<path d="M${place(atX(x))} ${foot}v5" stroke="#000"/>`,
      text(atX(x), foot + 18, number(x), ' text-anchor="middle"'),
    ]),
    text((axis + right) / 2, foot + 36, panel.x, ' text-anchor="middle"'),
    text(left + 16, middle, panel.y, ` text-anchor="middle" transform="rotate(-90 ${left + 16} ${middle})"`),
    ...panel.series.map(({ points }, i) => {
      const line = points.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${place(atX(x))} ${place(atY(y))}`).join('')
      const marks = points.map(([x, y]) => mark(i, atX(x), atY(y), colourOf(i)))
      return `<path d="${line}" fill="none" stroke="${colourOf(i)}" stroke-width="2"/>${marks.join('')}`
    }),
  ].join('\n')
}

const drawLegend = ({ series }: Panel, left: number): readonly string[] =>
  series.map(({ title }, i) => {
    const y = legendTop + i * size.legend
    return `${mark(i, left + size.left + 6, y, colourOf(i))}${text(left + size.left + 18, y + 4, title)}`
  })

const titlesOf = ({ series }: Panel): string => series.map(({ title }) => title).join('\n')

/** Two notes at most go below the title. A panel whose series are the first one's has no legend of its own. */
export const drawChart = (title: string, notes: readonly string[], panels: readonly Panel[]): string => {
  const rows = Math.max(0, ...panels.map(({ series }) => series.length))
  const [width, height] = [size.panel * panels.length, legendTop + size.legend * rows + 10]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${quoted(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(16, 26, title, ' font-size="16" font-weight="bold"'),
    ...notes.map((note, i) => text(16, 46 + 16 * i, note, ' fill="#555"')),
    ...panels.map((panel, i) => drawPanel(panel, i * size.panel)),
    ...panels.flatMap((panel, i) =>
      i > 0 && panels[0] && titlesOf(panel) === titlesOf(panels[0]) ? [] : drawLegend(panel, i * size.panel),
    ),
    '</svg>',
    '',
  ].join('\n')
}
