import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { printable, recordText, rowsText } from '../../src/command-line/result-text.ts';

const plain = (text: string) => stripVTControlCharacters(text).split('\n');

test('rows stand in columns, without those that nobody has', () => {
  const rows = [
    { keyId: 'key_1', createdAt: 0, permissions: ['a', 'b'], credits: { remaining: 5 } },
    { keyId: 'key_22', createdAt: 1000, identity: { id: 'id_1', externalId: 'user_1' } },
  ];
  const columns = ['keyId', 'name', 'createdAt', 'identity', 'permissions', 'credits'];
  assert.deepEqual(plain(rowsText(columns, rows)), [
    'KEY ID  CREATED AT            IDENTITY  PERMISSIONS  CREDITS',
    'key_1   1970-01-01T00:00:00Z            a b          {"remaining":5}',
    'key_22  1970-01-01T00:00:01Z  user_1',
  ]);
});

test('a record has a line for each field; without any there is a word of success', () => {
  const role = { id: 'role_1', permissions: [{ id: 'perm_1', slug: 'a.b' }] };
  assert.deepEqual(plain(recordText(role)), ['id           role_1', 'permissions  a.b']);
  assert.equal(recordText({}), 'Done.');
  assert.equal(rowsText(['id'], []), 'Nothing found.');
});

test('a number that is no instant stays a number', () => {
  assert.deepEqual(plain(recordText({ expires: 1e300, limit: 1e12 })), [
    'expires  1e+300',
    'limit    1000000000000',
  ]);
});

test('what comes from a server cannot command the terminal', () => {
  const hostile = '\x1b[2J\x07\x9b1m\nnext';
  assert.equal(printable(hostile), '\ufffd[2J\ufffd\ufffd1m\ufffdnext');
  const text = recordText({ [hostile]: hostile, list: [hostile], meta: { [hostile]: 1 } });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
});
