/**
 * The text format of Prometheus. Written here and not by a metrics library, because the numbers
 * live in memory that several processes share: a library would want to hold them itself.
 */

export type MetricKind = 'counter' | 'gauge' | 'histogram';
export type Labels = Readonly<Record<string, string>>;
export type Sample = { suffix?: string; labels?: Labels; value: number };
export type Metric = { name: string; help: string; kind: MetricKind; samples: readonly Sample[] };

export function prometheusText(metrics: readonly Metric[]): string {
  return `${metrics.map(metricText).join('\n')}\n`;
}

function metricText({ name, help, kind, samples }: Metric): string {
  const lines = samples.map((sample) => {
    return `${name}${sample.suffix ?? ''}${labelsText(sample.labels)} ${sample.value}`;
  });
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...lines].join('\n');
}

function labelsText(labels: Labels | undefined): string {
  if (!labels) return '';
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/**
 * The samples of a histogram. `counts` are per bucket, not accumulated; the last one, beyond all
 * bounds, has no bound of its own.
 */
export function histogramSamples(
  bounds: readonly number[],
  counts: readonly number[],
  sum: number,
): Sample[] {
  let total = 0;
  const buckets = counts.map((count, index) => {
    total += count;
    const bound = bounds[index];
    const le = bound === undefined ? '+Inf' : String(bound);
    return { suffix: '_bucket', labels: { le }, value: total };
  });
  return [...buckets, { suffix: '_sum', value: sum }, { suffix: '_count', value: total }];
}
