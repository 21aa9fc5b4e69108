/** What the product is to reach, and whether it has. */

type Bar = {
  what: string;
  unit: '' | 'µs' | 'ms' | 's' | 'bytes' | 'MB' | 'keys/s';
  better: 'higher' | 'lower';
  bar: number;
  wanted: number;
};

/** In the order of the table. */
export const bars = {
  ceiling: ratioOf('verifyKey throughput / runtime ceiling', '≥', [0.6, 0.75]),
  floor: ratioOf("verifyKey CPU per request / native floor's", '≤', [1.8, 1.3]),
  nginx: ratioOf('verifyKey / nginx + Lua, which hashes and records nothing', '≥', [1, 1.3]),
  forwardAuth: ratioOf('forward-auth GET / empty uWebSockets.js GET', '≥', [0.75, 0.85]),
  batch: ratioOf('batch of 100, keys per second / single verifyKey per second', '≥', [4, 8]),
  manyKeys: ratioOf('10 million keys / 10 thousand keys, uniform', '≥', [0.8, 0.95]),
  unknownKeys: ratioOf('unknown keys / known keys', '≥', [1, 1.2]),
  twoWorkers: ratioOf('two workers / one worker, CPU per request', '≤', [1.1, 1]),
  changes: ratioOf('while 1,000 keys/s are being changed / without changes', '≥', [0.9, 0.97]),
  insideP50: amount('in-server time, p50', 'µs', '≤', [15, 8]),
  insideP99: amount('in-server time, p99', 'µs', '≤', [100, 40]),
  openLoopP99: amount('open loop at half of the saturated rate, p99', 'ms', '≤', [1, 0.5]),
  bytesPerKey: amount("LMDB bytes per key with the benchmark's record", 'bytes', '≤', [500, 250]),
  firstCopy: amount('first copy from Postgres', 'keys/s', '≥', [100_000, 300_000]),
  restart: amount('restart with 10 million keys, command to first answer', 's', '≤', [2, 1]),
  revocationP99: amount('committed in Postgres → refused by a worker, p99', 'ms', '≤', [50, 10]),
  memory: amount('worker memory (private) with 10 million keys', 'MB', '≤', [150, 80]),
} as const satisfies Record<string, Bar>;

export type BarName = keyof typeof bars;

/** `note`: under which conditions it was taken, where they are not those of the bar. */
export type Measured = { value: number; note?: string };
/** What was not measured is not there. */
export type MeasuredBars = Partial<Record<BarName, Measured>>;

export type BarState = 'wanted' | 'met' | 'not met' | 'not measured';
export type BarResult = Bar & Partial<Measured> & { name: BarName; reached: BarState };

export function barResults(measured: MeasuredBars): BarResult[] {
  return (Object.keys(bars) as BarName[]).map((name) => {
    const found = measured[name];
    return { name, ...bars[name], ...found, reached: reached(bars[name], found?.value) };
  });
}

function reached({ better, bar, wanted }: Bar, value: number | undefined): BarState {
  if (value === undefined || Number.isNaN(value)) return 'not measured';
  const reaches = (mark: number) => (better === 'higher' ? value >= mark : value <= mark);
  if (reaches(wanted)) return 'wanted';
  return reaches(bar) ? 'met' : 'not met';
}

export function formatValue(value: number, unit: Bar['unit']): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const text = value.toLocaleString('en', { maximumFractionDigits: digits });
  return unit === '' ? text : `${text} ${unit}`;
}

type Marks = readonly [bar: number, wanted: number];

function ratioOf(what: string, sign: '≥' | '≤', marks: Marks): Bar {
  return amount(what, '', sign, marks);
}

function amount(what: string, unit: Bar['unit'], sign: '≥' | '≤', [bar, wanted]: Marks): Bar {
  return { what, unit, better: sign === '≥' ? 'higher' : 'lower', bar, wanted };
}
