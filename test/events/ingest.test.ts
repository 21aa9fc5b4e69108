import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createIngest, type Ingest, type IngestRequest } from '../../src/events/ingest.ts';
import { ingestAccess } from '../../src/events/ingest-access.ts';
import { type IngestEvent, ingestKind } from '../../src/events/ingest-kind.ts';
import { temporaryFolder, testSpool } from './river.ts';

const passwordSha256 = createHash('sha256').update('secret').digest('hex');
const access = ingestAccess([{ name: 'shop', passwordSha256, tables: ['shop.requests'] }]);
const base: IngestRequest = {
  ...{ user: 'shop', password: 'secret', database: '', settings: {} },
  query: 'INSERT INTO shop.requests FORMAT JSONEachRow',
  body: Buffer.from('{"a":1}\n{"a":2}'),
};

let taken: IngestEvent[] = [];
/** After how many events. */
const sealedAt: number[] = [];
let ingest: Ingest;

before(() => {
  ingest = createIngest({
    access,
    frameBytesMax: 20,
    offer(event) {
      taken.push(event);
      return undefined;
    },
    async seal() {
      sealedAt.push(taken.length);
    },
  });
});

function take(changes: Partial<IngestRequest> = {}) {
  taken = [];
  const answer = ingest.take({ ...base, ...changes });
  assert.equal(answer.kind, 'spooled', JSON.stringify(answer));
  return taken.map(({ target, rows }) => ({ ...target, rows: rows.toString() }));
}

function refusal(changes: Partial<IngestRequest> = {}): [number, number] {
  const answer = ingest.take({ ...base, ...changes });
  assert.equal(answer.kind, 'refused', JSON.stringify(answer));
  return answer.kind === 'refused' ? [answer.status, answer.refusal.code] : [0, 0];
}

const target = {
  ...{ database: 'shop', table: 'requests', columns: [], format: 'JSONEachRow' },
  ...{ settings: {}, head: '' },
};

test('the statement may stand in the URL or before the rows', () => {
  const rows = '{"a":1}\n{"a":2}\n';
  assert.deepEqual(take(), [{ ...target, rows }]);
  const body = Buffer.from(`${base.query}\n{"a":1}\n{"a":2}`);
  assert.deepEqual(take({ query: '', body }), [{ ...target, rows }]);
  assert.deepEqual(take({ query: `${base.query} {"a":1}`, body: Buffer.from('{"a":2}') }), [
    { ...target, rows },
  ]);
  const query = 'INSERT INTO requests FORMAT JSONEachRow';
  assert.deepEqual(take({ query, database: 'shop' }), [{ ...target, rows }]);
});

test('rows are spooled in as few pieces as they fit into, each of whole rows', () => {
  const body = Buffer.from('{"a":1}{"a":2}{"a":3}{"a":4}{"a":5}');
  assert.deepEqual(
    take({ body }).map(({ rows }) => rows),
    ['{"a":1}\n{"a":2}\n', '{"a":3}\n{"a":4}\n', '{"a":5}\n'],
  );
  assert.deepEqual(take({ body: Buffer.alloc(0) }), []);
});

test('the line of names goes with the rows, and is no row', () => {
  const query = 'INSERT INTO shop.requests FORMAT CSVWithNames';
  const body = Buffer.from('a,b\r\n1,2\r\n3,4\r\n');
  assert.deepEqual(take({ query, body }), [
    { ...target, format: 'CSVWithNames', head: 'a,b\n', rows: '1,2\n3,4\n' },
  ]);
});

test('how rows are read goes with them; how they are inserted does not', () => {
  const query =
    'INSERT INTO shop.requests SETTINGS async_insert=1, input_format_null_as_default=1 FORMAT CSV';
  const settings = {
    ...{ format_csv_delimiter: ';', wait_for_async_insert: '0', insert_deduplicate: '0' },
    ...{ readonly: '2', log_comment: 'x' },
  };
  const [event] = take({ query, settings, body: Buffer.from('1;2') });
  assert.deepEqual(event?.settings, {
    format_csv_delimiter: ';',
    input_format_null_as_default: '1',
  });
});

test('what would change where a row ends, or would skip one, is refused by name', () => {
  taken = [];
  for (const [name, value] of [
    ['format_csv_allow_single_quotes', '1'],
    ['input_format_csv_skip_first_lines', '1'],
    ['input_format_allow_errors_num', '10'],
    ['input_format_max_block_size_bytes', '1'],
    ['input_format_record_errors_file_path', '/x'],
    ['format_schema', 'x'],
    ['format_csv_delimiter', '\t'],
    ['format_csv_null_representation', '\n'],
  ] as const) {
    assert.equal(refusal({ settings: { [name]: value } })[0], 400, name);
  }
  const query = 'INSERT INTO shop.requests FORMAT CSV';
  assert.deepEqual(refusal({ query, settings: { format_csv_delimiter: ';;' } }), [400, 36]);
  assert.equal(taken.length, 0);
});

test('rows for more targets than a batch has room for begin another segment', () => {
  taken = [];
  sealedAt.length = 0;
  for (let round = 0; round < 2; round += 1) {
    for (let column = 0; column < 100; column += 1) {
      const query = `INSERT INTO shop.requests (a${column}) FORMAT JSONEachRow`;
      assert.equal(ingest.take({ ...base, query, body: Buffer.from('{}') }).kind, 'spooled');
    }
  }
  assert.equal(sealedAt.length, 3);
  const [first = 0, second = 0, third = 0] = sealedAt;
  assert.deepEqual([second - first, third - second], [64, 64]);
});

test('the same target is the same text, in whatever order its settings came', () => {
  const one = { target: { ...target, settings: { a: '1', b: '2' } }, rows: Buffer.from('') };
  const other = { target: { ...target, settings: { b: '2', a: '1' } }, rows: Buffer.from('') };
  const text = (event: IngestEvent) => ingestKind.targetOf(ingestKind.fields(event));
  assert.equal(text(one), text(other));
  assert.notEqual(text(one), text({ ...one, target }));
});

test('names are quoted where they become a statement', () => {
  const strange = { ...target, database: 'a`b', table: 'c\\', columns: ['x y', '`;--'] };
  const text = ingestKind.targetOf(ingestKind.fields({ target: strange, rows: Buffer.from('') }));
  assert.equal(
    ingestKind.insertInto(text).statement,
    'INSERT INTO `a\\`b`.`c\\\\` (`x y`, `\\`;--`) FORMAT JSONEachRow',
  );
});

test('whoever is not known or not allowed is refused, and nothing is taken', () => {
  taken = [];
  assert.deepEqual(refusal({ password: 'wrong' }), [403, 516]);
  assert.deepEqual(refusal({ user: 'default', password: '' }), [403, 516]);
  const other = 'INSERT INTO shop.orders FORMAT CSV';
  assert.deepEqual(refusal({ query: other }), [403, 497]);
  assert.deepEqual(refusal({ query: 'INSERT INTO requests FORMAT CSV' }), [403, 497]);
  assert.equal(taken.length, 0);
});

test('what ClickHouse would refuse at once is refused with its number', () => {
  taken = [];
  assert.deepEqual(refusal({ query: 'SELECT * FROM shop.requests' }), [400, 62]);
  assert.deepEqual(refusal({ query: 'INSERT INTO shop.requests FORMAT Native' }), [400, 73]);
  assert.deepEqual(refusal({ body: Buffer.from('{"a":') }), [400, 117]);
  assert.deepEqual(refusal({ body: Buffer.from(`{"a":"${'x'.repeat(30)}"}`) }), [413, 131]);
  assert.deepEqual(refusal({ query: '', body: Buffer.alloc(0) }), [400, 62]);
  assert.equal(taken.length, 0);
});

test('a client that asks whether somebody is there is answered', () => {
  for (const query of ['SELECT 1', 'SELECT 1 FORMAT CSV', "select 'ping'"]) {
    assert.equal(ingest.take({ ...base, query, body: Buffer.alloc(0) }).kind, 'alive');
  }
});

test('a full spool refuses with 503, takes nothing and counts nothing as lost', async () => {
  const temporary = temporaryFolder();
  const spool = testSpool(temporary.path);
  const writer = spool.writer({ segmentBytes: 64 * 1024, spoolBytesMax: 128 * 1024 });
  const full = createIngest({
    access,
    offer: (event) => writer.offer(ingestKind, event),
    seal: writer.seal,
    frameBytesMax: 60_000,
  });
  const body = Buffer.from(`{"a":"${'x'.repeat(50_000)}"}`);
  const answers = Array.from({ length: 5 }, () => full.take({ ...base, body }));
  const kinds = answers.map((answer) => (answer.kind === 'refused' ? answer.status : answer.kind));
  assert.deepEqual(kinds, ['spooled', 'spooled', 503, 503, 503]);
  await writer.close();
  assert.equal(writer.appendedCount, 2);
  assert.deepEqual(new Set(Object.values(spool.counters.dropped())), new Set([0]));
  spool.close();
  temporary.remove();
});

after(() => {
  taken = [];
});
