import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { printPages } from '../../src/command-line/print-pages.ts';
import type { Terminal } from '../../src/command-line/terminal.ts';
import { type AnsweringServer, startAnsweringServer } from '../support/answering-server.ts';

const pageRows = 2;
let rowCount = 5;
let answering: AnsweringServer;

before(async () => {
  answering = await startAnsweringServer(({ body }) => {
    const first = Number(JSON.parse(body).cursor ?? 0);
    const next = Math.min(first + pageRows, rowCount);
    const data = Array.from({ length: next - first }, (_, at) => ({ id: `row_${first + at}` }));
    const hasMore = next < rowCount;
    const pagination = { hasMore, ...(hasMore && { cursor: String(next) }) };
    return { body: { meta: { requestId: 'req_1' }, data, pagination } };
  });
});
after(() => answering.close());

function recordingTerminal(isJson: boolean, readsLines = Number.POSITIVE_INFINITY) {
  const seen = { printed: [] as string[], complained: [] as string[], progress: [] as string[] };
  const terminal: Terminal = {
    isJson,
    get hasReader() {
      return seen.printed.length < readsLines;
    },
    print: (text) => seen.printed.push(...text.split('\n')),
    complain: (text) => seen.complained.push(text),
    width: undefined,
    progress: (text) => seen.progress.push(text),
  };
  return { terminal, seen };
}

async function print(isAll: boolean, { terminal }: ReturnType<typeof recordingTerminal>) {
  const server = { url: answering.url, rootKey: 'k', rootKeySource: '--root-key' };
  const listing = { server, name: 'apis.listApis', body: { limit: 2 }, columns: ['id'], isAll };
  assert.equal(await printPages(listing, terminal), 0);
}

test('one page says that there is more, and how to get it', async () => {
  const record = recordingTerminal(false);
  await print(false, record);
  assert.deepEqual(record.seen.printed.slice(1), ['row_0', 'row_1']);
  assert.deepEqual(record.seen.complained, ["There is more: --cursor '2', or --all."]);
});

test('all pages as a table are one table', async () => {
  const record = recordingTerminal(false);
  await print(true, record);
  assert.deepEqual(record.seen.printed.slice(1), ['row_0', 'row_1', 'row_2', 'row_3', 'row_4']);
  assert.deepEqual(record.seen.progress, ['2 rows …', '4 rows …', '5 rows …', '']);
});

test('all pages as JSON are one row a line, and every call keeps the filters', async () => {
  const record = recordingTerminal(true);
  answering.asked.length = 0;
  await print(true, record);
  assert.deepEqual(
    record.seen.printed,
    [0, 1, 2, 3, 4].map((at) => `{"id":"row_${at}"}`),
  );
  const bodies = answering.asked.map(({ body }) => JSON.parse(body));
  assert.deepEqual(bodies, [{ limit: 2 }, { limit: 2, cursor: '2' }, { limit: 2, cursor: '4' }]);
});

test('when nobody reads any more, no further page is asked for', async () => {
  answering.asked.length = 0;
  await print(true, recordingTerminal(true, 1));
  assert.equal(answering.asked.length, 1);
});

test('an empty list is told as that', async () => {
  rowCount = 0;
  const record = recordingTerminal(false);
  await print(true, record);
  assert.deepEqual(record.seen.printed, ['Nothing found.']);
});
