import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bodyOf, flagsOf } from '../../src/command-line/body-flags.ts';
import type { Flags } from '../../src/command-line/command.ts';
import { listEventsBody } from '../../src/contract/admin-audit-logs.ts';
import type { Schema } from '../../src/contract/json-schema.ts';
import {
  createKeyBody,
  getKeyBody,
  rerollKeyBody,
  updateKeyBody,
} from '../../src/contract/keys.ts';

const nowMs = Date.UTC(2030, 0, 1);
const dayMs = 86_400_000;

function bodyFrom(schema: Schema, fields: string[], words: string[], flags: Flags = {}) {
  return bodyOf(schema, { fields, words, flags, nowMs });
}

const created = (flags: Flags) => bodyFrom(createKeyBody, ['apiId'], ['api_1'], flags);

test('each kind of field is read from its flag', () => {
  const flags = {
    ...{ name: 'one', 'external-id': 'user_1', 'byte-length': '32', enabled: 'false' },
    ...{ permissions: 'a.b, c.d,', meta: '{"plan":"pro"}', credits: '{"remaining":5}' },
  };
  assert.deepEqual(created(flags), {
    ...{ apiId: 'api_1', name: 'one', externalId: 'user_1', byteLength: 32, enabled: false },
    ...{ permissions: ['a.b', 'c.d'], meta: { plan: 'pro' }, credits: { remaining: 5 } },
  });
});

test('an instant is given in milliseconds, as a date, or as a span from now', () => {
  const expires = (text: string) => (created({ expires: text }) as { expires: number }).expires;
  assert.equal(expires('1893456000000'), 1_893_456_000_000);
  assert.equal(expires('2030-01-31'), nowMs + 30 * dayMs);
  assert.equal(expires('30d'), nowMs + 30 * dayMs);
  assert.equal(expires('12h'), nowMs + dayMs / 2);
  assert.throws(() => expires('soon'), { name: 'UsageFault', message: /must be Unix milli.*soon/ });
  assert.deepEqual(bodyFrom(listEventsBody, [], [], { from: '1d' }), { from: nowMs - dayMs });
});

test('a span is given in milliseconds or with its unit', () => {
  const fields = ['keyId', 'expiration'];
  for (const text of ['3600000', '1h', '60m', '3600s']) {
    const body = { keyId: 'key_1', expiration: 3_600_000 };
    assert.deepEqual(bodyFrom(rerollKeyBody, fields, ['key_1', text]), body);
  }
});

test('flags and words replace what --body says, and --clear empties', () => {
  const body = '{"keyId":"key_0","name":"old","meta":{"a":1}}';
  const flags = { body, name: 'new', clear: 'expires,external-id' };
  assert.deepEqual(bodyFrom(updateKeyBody, ['keyId'], ['key_1'], flags), {
    ...{ keyId: 'key_1', name: 'new', meta: { a: 1 }, expires: null, externalId: null },
  });
  assert.deepEqual(bodyFrom(updateKeyBody, ['keyId'], [], { body }), JSON.parse(body));
});

test('JSON is read from a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-body-'));
  try {
    const path = join(folder, 'meta.json');
    writeFileSync(path, '{"from":"file"}');
    assert.deepEqual(created({ meta: `@${path}` }), { apiId: 'api_1', meta: { from: 'file' } });
    assert.throws(() => created({ meta: `@${path}.no` }), /cannot be read/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

for (const [what, flags, message] of [
  ['JSON that is none', { meta: '{plan:secret' }, /^--meta is not JSON; [^{]*$/],
  ['a body that is no object', { body: '[1]' }, /--body must be a JSON object/],
  ['a number that is none', { 'byte-length': '1e3' }, /byte-length must be a whole number/],
  ['clearing what cannot be empty', { clear: 'name' }, /--clear cannot clear 'name'/],
  ['asking for a stored secret', { body: '{"decrypt":true}' }, /shows no stored secrets/],
] as const) {
  test(`${what} is a wrong call`, () => {
    assert.throws(() => created(flags), { name: 'UsageFault', message });
  });
}

test('a word that is missing or one too many is a wrong call', () => {
  assert.throws(() => bodyFrom(createKeyBody, ['apiId'], []), /<api-id> is missing/);
  assert.throws(() => bodyFrom(createKeyBody, ['apiId'], ['a', 'b']), /'b' is one word too many/);
});

test('every field but the words has a flag, and stored secrets have none', () => {
  const names = flagsOf(createKeyBody, ['apiId']).map(({ name }) => name);
  assert.equal(names.length, Object.keys(createKeyBody.properties ?? {}).length - 1);
  assert.deepEqual(flagsOf(getKeyBody, ['keyId']), []);
});
