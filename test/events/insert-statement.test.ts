import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InsertRefused, parseInsert } from '../../src/events/insert-statement.ts';

function parsed(text: string) {
  const { restAt, ...statement } = parseInsert(text);
  return { ...statement, rest: text.slice(restAt) };
}

const plain = { database: '', columns: [], settings: {}, rest: '' };

test('what clients send names a table and a format', () => {
  for (const text of [
    'INSERT INTO logs.requests FORMAT JSONEachRow',
    'insert into logs.requests format JSONEachRow',
    'INSERT INTO TABLE logs . requests FORMAT JSONEachRow\n',
    'INSERT INTO `logs`."requests" FORMAT JSONEachRow;',
    '-- first\nINSERT /* into */ INTO logs.requests\n  FORMAT JSONEachRow ',
  ]) {
    const expected = { ...plain, database: 'logs', table: 'requests', format: 'JSONEachRow' };
    assert.deepEqual(parsed(text), expected, text);
  }
  assert.deepEqual(parsed('INSERT INTO requests FORMAT CSV'), {
    ...plain,
    table: 'requests',
    format: 'CSV',
  });
});

test('columns and settings are understood', () => {
  const text =
    'INSERT INTO a.b (id, `order by`, "x\\"y") SETTINGS async_insert=1, ' +
    "date_time_input_format='best_effort', format_csv_delimiter=';', x = -1.5 FORMAT CSV\n1,2,3";
  assert.deepEqual(parsed(text), {
    ...{ database: 'a', table: 'b', format: 'CSV', rest: '1,2,3' },
    columns: ['id', 'order by', 'x"y'],
    settings: {
      async_insert: '1',
      date_time_input_format: 'best_effort',
      format_csv_delimiter: ';',
      x: '-1.5',
    },
  });
});

test('rows begin behind the line break after the format, and are not touched', () => {
  assert.equal(parsed('INSERT INTO t FORMAT TSV\n\t1\n').rest, '\t1\n');
  assert.equal(parsed('INSERT INTO t FORMAT TSV\r\n 1').rest, ' 1');
  assert.equal(parsed('INSERT INTO t FORMAT JSONEachRow {"a":1}').rest, '{"a":1}');
});

test('anything else is refused with a syntax error that says what was expected', () => {
  for (const [text, expected] of [
    ['', 'Expected INSERT, found the end'],
    ['SELECT 1', "Expected INSERT, found 'SELECT'"],
    ['INSERT INTO FUNCTION file(1) FORMAT CSV', "Expected a table, found 'file'"],
    ['INSERT INTO t SELECT 1', "Expected FORMAT, found 'SELECT'"],
    ['INSERT INTO t VALUES (1)', "Expected FORMAT, found 'VALUES'"],
    ['INSERT INTO t (a, b FORMAT CSV', "Expected ',' or ')', found 'FORMAT'"],
    ['INSERT INTO t (*) FORMAT CSV', "Expected a name, found '*) FORMAT CSV'"],
    ['INSERT INTO t FORMAT', 'Expected the name of a format, found the end'],
    ["INSERT INTO t FORMAT 'CSV'", "Expected the name of a format, found ''CSV''"],
    ['INSERT INTO t SETTINGS a FORMAT CSV', "Expected '=', found 'FORMAT'"],
    ['INSERT INTO a.b.c FORMAT CSV', "Expected FORMAT, found '.'"],
  ] as const) {
    assert.throws(
      () => parseInsert(text),
      (error) => {
        assert.ok(error instanceof InsertRefused);
        assert.equal(error.code, 62);
        assert.equal(error.message, expected);
        return true;
      },
      text,
    );
  }
});

test('a long head of blanks and comments takes no time to speak of', () => {
  const text = `${'-- -- /* '.repeat(2000)}`;
  assert.throws(() => parseInsert(text), InsertRefused);
  assert.throws(() => parseInsert(`${'/* */'.repeat(4000)}x`), InsertRefused);
});
