import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyKeyBody } from '../../src/contract/verify-key.ts';
import { verifyKeysBody, verifyKeysEnvelope } from '../../src/contract/verify-keys.ts';
import { createBodyValidator, parseJsonBody } from '../../src/http/body-validator.ts';
import { quickVerifyBodies, quickVerifyBody } from '../../src/http/quick-body.ts';
import { createRandom } from '../support/random.ts';
import { createRandomBodies } from '../support/random-bodies.ts';

const path = '/v2/keys.verifyKey';
const validateItem = createBodyValidator(verifyKeyBody);
const validateEnvelope = createBodyValidator(verifyKeysEnvelope);

/** What the general way makes of it; undefined when it finds a fault. */
function general(bytes: Buffer, kind: 'item' | 'batch'): unknown {
  const parsed = parseJsonBody(path, 'application/json', bytes);
  if (!parsed.ok) return undefined;
  if (kind === 'item') return validateItem(path, parsed.value) ? undefined : parsed.value;
  if (validateEnvelope(path, parsed.value)) return undefined;
  const isGood = (parsed.value as unknown[]).every((item) => !validateItem(path, item));
  return isGood ? parsed.value : undefined;
}

/** Whatever is read quickly is read alike in general. Gives whether it was read quickly. */
function agrees(text: string | Buffer): boolean {
  const bytes = Buffer.from(text);
  const item = quickVerifyBody(bytes);
  if (item !== undefined) assert.deepEqual(item, general(bytes, 'item'), bytes.toString());
  const items = quickVerifyBodies(bytes);
  if (items !== undefined) assert.deepEqual(items, general(bytes, 'batch'), bytes.toString());
  return item !== undefined || items !== undefined;
}

test('a key, alone or with permissions, is read, and so is a list of them', () => {
  const bare = { key: 'acme_secret' };
  const full = { key: 'k', permissions: 'documents.read AND (a OR b)' };
  for (const body of [bare, full, [bare], [full, bare, full]]) {
    assert.ok(agrees(JSON.stringify(body)), JSON.stringify(body));
  }
  const longest = { key: 'k'.repeat(512), permissions: 'p'.repeat(1000) };
  assert.ok(agrees(JSON.stringify(longest)));
  assert.ok(agrees(JSON.stringify(Array(1000).fill(bare))));
});

test('what is not usual is left to the general way, good or bad', () => {
  const others: unknown[] = [
    ...[{}, [], null, 1, 'key', { key: '' }, { key: 1 }, { permissions: 'a', key: 'k' }],
    ...[{ key: 'k'.repeat(513) }, { key: 'k', permissions: '' }, { key: 'a"b' }, { key: 'ü' }],
    ...[{ key: 'k', permissions: 'p'.repeat(1001) }, { key: 'k', tags: ['a'] }, [[]]],
    ...[
      { key: 'k', credits: { cost: 2 } },
      { key: 'k', apiId: 'a' },
      Array(1001).fill({ key: 'k' }),
    ],
  ];
  for (const body of others) assert.equal(agrees(JSON.stringify(body)), false);
  const texts = [
    '',
    '{',
    '{"key":"k"',
    '{"key":"k"}}',
    '{"key":"k"} ',
    ' {"key":"k"}',
    '[{"key":"k"}',
  ];
  texts.push('[{"key":"k"},]', '[{"key":"k"}]]', '{"key":"k","key":"l"}', '{ "key": "k" }');
  texts.push('{"key":"k","permissions":"a"', '{"key":"k\u0000"}', '{"key":"k\\u0041"}');
  for (const text of texts) assert.equal(agrees(text), false, text);
});

test('random bodies, and usual ones with any byte changed, are read alike or left', () => {
  const nextItem = createRandomBodies(verifyKeyBody, 31);
  const nextBatch = createRandomBodies(verifyKeysBody, 37);
  for (let round = 0; round < 2000; round += 1) {
    agrees(JSON.stringify(nextItem()) ?? '');
    agrees(JSON.stringify(nextBatch()) ?? '');
  }
  const random = createRandom(41);
  const usual = '{"key":"acme_3ZyXwV","permissions":"documents.read"}';
  let quickCount = 0;
  for (let round = 0; round < 20_000; round += 1) {
    const bytes = Buffer.from(round % 2 === 0 ? usual : `[${usual},${usual}]`);
    for (let change = 0; change <= round % 3; change += 1) {
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    }
    if (agrees(bytes)) quickCount += 1;
  }
  assert.ok(quickCount > 1000, `${quickCount} were read quickly`);
});
