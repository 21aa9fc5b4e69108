import assert from 'node:assert/strict';
import { test } from 'node:test';
import { histogramSamples, prometheusText } from '../../src/lib/prometheus-text.ts';

test('each metric says what it is and then its samples, and the text ends with a line', () => {
  const text = prometheusText([
    {
      ...{ name: 'drops_total', help: 'Dropped, by reason.', kind: 'counter' },
      samples: [
        { labels: { reason: 'full' }, value: 2 },
        { labels: { reason: 'old', slot: '1' }, value: 0 },
      ],
    },
    { name: 'age_seconds', help: 'Age.', kind: 'gauge', samples: [{ value: 0.25 }] },
  ]);
  assert.equal(
    text,
    [
      '# HELP drops_total Dropped, by reason.',
      '# TYPE drops_total counter',
      'drops_total{reason="full"} 2',
      'drops_total{reason="old",slot="1"} 0',
      '# HELP age_seconds Age.',
      '# TYPE age_seconds gauge',
      'age_seconds 0.25',
      '',
    ].join('\n'),
  );
});

test('the value of a label can hold anything', () => {
  const samples = [{ labels: { name: 'a"b\\n\nc' }, value: 1 }];
  const text = prometheusText([{ name: 'odd', help: 'Odd.', kind: 'gauge', samples }]);
  assert.match(text, /^odd\{name="a\\"b\\\\n\\nc"\} 1$/m);
});

test('the buckets of a histogram add up to its count', () => {
  assert.deepEqual(histogramSamples([1, 5], [3, 0, 2], 99), [
    { suffix: '_bucket', labels: { le: '1' }, value: 3 },
    { suffix: '_bucket', labels: { le: '5' }, value: 3 },
    { suffix: '_bucket', labels: { le: '+Inf' }, value: 5 },
    { suffix: '_sum', value: 99 },
    { suffix: '_count', value: 5 },
  ]);
});
