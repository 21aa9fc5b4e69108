/** A picture of one comparison: a bar for each contestant, longest first. SVG, by hand. */
import type { Machine } from './machine.ts';
import type { Summary } from './rounds.ts';

export type Chart = {
  title: string;
  rows: readonly Summary[];
  /** The name of the row that stands out. */
  highlighted: string;
  machine: Machine;
};

const width = 760;
const labelWidth = 250;
const barLeft = labelWidth + 10;
const barWidthMax = 260;
const rowHeight = 34;
const top = 62;
const font = 'font-family="system-ui, sans-serif"';

export function chartSvg({ title, rows, highlighted, machine }: Chart): string {
  const sorted = [...rows].sort((one, other) => other.perSecond - one.perSecond);
  const most = sorted[0]?.perSecond ?? 1;
  const height = top + sorted.length * rowHeight + 34;
  const { processor, node, commit, date } = machine;
  const footer = `${processor}, Node ${node}, commit ${commit}, ${date} UTC`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ` +
      `width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text({ x: 16, y: 28, size: 17, fill: '#1a1a1a', weight: 600 }, title),
    text(
      { x: 16, y: 48, size: 12, fill: '#666666' },
      'requests per second; processor time of each request: user + kernel',
    ),
    ...sorted.flatMap((row, index) =>
      rowShapes(row, { y: top + index * rowHeight, most, isHighlighted: row.name === highlighted }),
    ),
    text({ x: 16, y: height - 12, size: 11, fill: '#888888' }, footer),
    '</svg>',
    '',
  ].join('\n');
}

type RowPlace = { y: number; most: number; isHighlighted: boolean };

function rowShapes(row: Summary, { y, most, isHighlighted }: RowPlace): string[] {
  const length = Math.max(2, Math.round((row.perSecond / most) * barWidthMax));
  const fill = isHighlighted ? '#0b6e4f' : '#9bb8c9';
  const weight = isHighlighted ? 600 : 400;
  const middle = y + 19;
  const cost = `${row.userUs.toFixed(1)} + ${row.systemUs.toFixed(1)} µs`;
  const rate = Math.round(row.perSecond).toLocaleString('en');
  const label = { x: labelWidth, y: middle, size: 13, fill: '#1a1a1a', weight, anchor: 'end' };
  return [
    text(label, row.name),
    `<rect x="${barLeft}" y="${y + 4}" width="${length}" height="22" rx="2" fill="${fill}"/>`,
    text({ x: barLeft + length + 8, y: middle, size: 13, fill: '#1a1a1a', weight }, rate),
    text({ x: barLeft + length + 76, y: middle, size: 12, fill: '#666666' }, cost),
  ];
}

type TextStyle = {
  x: number;
  y: number;
  size: number;
  fill: string;
  weight?: number;
  anchor?: string;
};

function text({ x, y, size, fill, weight = 400, anchor = 'start' }: TextStyle, words: string) {
  return (
    `<text x="${x}" y="${y}" ${font} font-size="${size}" font-weight="${weight}" ` +
    `text-anchor="${anchor}" fill="${fill}">${escaped(words)}</text>`
  );
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
