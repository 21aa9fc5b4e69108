import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InsertRefused } from '../../src/events/insert-statement.ts';
import { findRows, rowFormat } from '../../src/events/row-format.ts';

function rows(name: string, text: string, separator = ','): string[] {
  const bytes = Buffer.from(text);
  const found: string[] = [];
  const how = { format: rowFormat(name), delimiter: separator.charCodeAt(0) };
  findRows(bytes, how, (from, to) => found.push(bytes.toString('utf8', from, to)));
  return found;
}

test('objects are found one after the other, in lines, with commas, or in an array', () => {
  const expected = ['{"a":1}', '{"a":"}{\\"[","b":{"c":[1]}}'];
  for (const text of [
    `${expected.join('\n')}\n`,
    expected.join(''),
    expected.join(', '),
    `[${expected.join(',')}]`,
    ` [\n${expected.join(',\n')}\n]\n`,
  ]) {
    assert.deepEqual(rows('JSONEachRow', text), expected, text);
  }
  assert.deepEqual(rows('JSONEachRow', '{\n  "a": 1\n}\n'), ['{\n  "a": 1\n}']);
  assert.deepEqual(rows('JSONEachRow', ''), []);
  assert.deepEqual(rows('JSONEachRow', '[]'), []);
  assert.deepEqual(rows('JSONEachRow', '{"ä":"漢字"}'), ['{"ä":"漢字"}']);
});

test('rows of compact JSON are arrays', () => {
  assert.deepEqual(rows('JSONCompactEachRow', '[1,[2]]\n["x]"]\n'), ['[1,[2]]', '["x]"]']);
});

test('a line is a row, an empty one too, unless its line break is quoted or escaped', () => {
  assert.deepEqual(rows('TSV', 'a\tb\n"c\td\r\n\ne'), ['a\tb', '"c\td', '', 'e']);
  assert.deepEqual(rows('TSV', 'a\\\nb\t\nc\\\\\nd\t'), ['a\\\nb\t', 'c\\\\', 'd\t']);
  assert.deepEqual(rows('TSV', 'a\\\r\nb\n'), ['a\\\r', 'b'], 'an escaped return stays');
  assert.deepEqual(rows('TSVRaw', 'a\\\nb"\n'), ['a\\', 'b"']);
  assert.deepEqual(rows('CSV', 'a,"b\nc"\n"d""\n""",e\n'), ['a,"b\nc"', '"d""\n""",e']);
  assert.deepEqual(rows('CSV', 'a,\n,b\na,'), ['a,', ',b', 'a,']);
});

test('a quote in the middle of a CSV value is a character, and quotes nothing', () => {
  assert.deepEqual(rows('CSV', '1,5"\n2,6"\n'), ['1,5"', '2,6"']);
  assert.deepEqual(rows('CSV', 'a"b, "c\nd"\n'), ['a"b, "c\nd"']);
  assert.deepEqual(rows('CSV', 'a;"b,\n"\n', ';'), ['a;"b,\n"']);
});

test('what is not rows of the format is refused as ClickHouse would', () => {
  for (const [format, text] of [
    ['JSONEachRow', '[1,2]'],
    ['JSONEachRow', '{"a":1'],
    ['JSONEachRow', '{"a":1}}'],
    ['JSONEachRow', '{"a":1}x'],
    ['JSONEachRow', '{a:1}'],
    ['JSONEachRow', '{"a":"}'],
    ['JSONEachRow', '[{"a":1}] {"a":2}'],
    ['JSONEachRow', 'null'],
    ['JSONCompactEachRow', '{"a":1}'],
    ['JSONCompactEachRow', '[1,]'],
    ['CSV', 'a,"b\n'],
    ['CSV', 'a"b,"c\n'],
    ['TSV', 'a\\'],
  ] as const) {
    assert.throws(
      () => rows(format, text),
      (error) => error instanceof InsertRefused && error.code === 117,
      text,
    );
  }
});

test('formats are known whatever their case; others are refused by name', () => {
  assert.equal(rowFormat('jsoneachrow').name, 'JSONEachRow');
  for (const name of ['Native', 'Parquet', 'RowBinary', 'Values', '']) {
    assert.throws(
      () => rowFormat(name),
      (error) => error instanceof InsertRefused && error.code === 73,
    );
  }
});
