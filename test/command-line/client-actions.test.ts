import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientResource } from '../../src/command-line/client-actions.ts';
import { type ClientName, clientSummaries } from '../../src/command-line/client-summaries.ts';
import { operations } from '../../src/control/operations.ts';
import { hotCalls } from '../../src/http/hot-calls.ts';

const names = Object.keys(clientSummaries) as ClientName[];
const actions = names.flatMap((name) => clientResource(name).actions);
const calls = new Map([...operations, ...hotCalls].map((call) => [call.name, call]));

test('every action makes a call that the server has, with the body that it validates', () => {
  for (const { call, body } of actions) {
    assert.equal(body, calls.get(call)?.body, call);
  }
});

test('every management call has an action', () => {
  const made = new Set(actions.map(({ call }) => call));
  assert.deepEqual(
    operations.map(({ name }) => name).filter((name) => !made.has(name)),
    [],
  );
});

test('exactly what comes in pages takes a cursor, and what has rows has columns for them', () => {
  for (const { call, body, columns = [], rows } of actions) {
    const { envelope, result } = calls.get(call) ?? {};
    assert.equal(envelope === 'page', body.properties?.cursor !== undefined, call);
    const list = rows === undefined ? result : result?.properties?.[rows];
    assert.equal(columns.length > 0, list?.type === 'array', call);
    const fields = Object.keys(list?.items?.properties ?? {});
    assert.deepEqual(
      columns.filter((column) => !fields.includes(column)),
      [],
      call,
    );
  }
});

test('words and verdicts are fields that there are', () => {
  for (const { call, body, words, verdict } of actions) {
    for (const word of words) assert.ok(body.properties?.[word], `${call} ${word}`);
    const fields = calls.get(call)?.result.properties ?? {};
    assert.equal(verdict === undefined ? 'boolean' : fields[verdict]?.type, 'boolean', call);
  }
});

test('no field is hidden behind a flag that every action has', () => {
  const common = ['json', 'help', 'url', 'profile', 'body', 'all', 'clear'];
  for (const { call, body } of actions) {
    assert.deepEqual(
      common.filter((name) => body.properties?.[name]),
      [],
      call,
    );
  }
});
