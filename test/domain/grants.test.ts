import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  apiNeed,
  compileGrants,
  denialDetail,
  fullAdminPermission,
  holds,
} from '../../src/domain/grants.ts';
import { createRandom } from '../support/random.ts';

const urn = (rest: string) => `unkey:v1:ws_1:${rest}`;
const readKey = 'keyspaces/ks_1/keys/key_1#read_key';

/** Whether the only permission granted is enough for the URN, which no tuple stands for. */
function grantsUrn(granted: string, wanted = readKey): boolean {
  return holds(compileGrants('ws_1', [granted]), { tuples: ['none.*.none'], urn: wanted });
}

function grantsTuple(granted: string, ...tuples: string[]): boolean {
  return holds(compileGrants('ws_1', [granted]), { tuples });
}

test('a tuple is granted by itself, letter for letter', () => {
  assert.ok(grantsTuple('api.*.read_key', 'api.*.read_key', 'api.api_1.read_key'));
  assert.ok(grantsTuple('api.api_1.read_key', 'api.*.read_key', 'api.api_1.read_key'));
  const others = ['api.api_2.read_key', 'api.*.read_api', 'API.*.READ_KEY', ' api.*.read_key'];
  others.push('api.*.read_key ', 'api.*.read_ke', 'api.*.read_keys', 'identity.*.read_key');
  for (const granted of others) {
    assert.equal(grantsTuple(granted, 'api.*.read_key', 'api.api_1.read_key'), false, granted);
  }
});

test('a tuple has no wildcard beyond the one that is asked for literally', () => {
  for (const granted of ['*', 'api.*', 'api.*.*', '*.*.*', 'api.**', '**', '**#*', '']) {
    assert.equal(grantsTuple(granted, 'api.*.read_key', 'api.api_1.read_key'), false, granted);
  }
  assert.equal(grantsTuple('api.api_1.read_key', 'api.*.read_key'), false);
});

test('a URN is granted by itself, by * for one segment, and by ** for what is below', () => {
  for (const path of [
    ...['keyspaces/ks_1/keys/key_1', 'keyspaces/*/keys/key_1', 'keyspaces/ks_1/keys/*'],
    ...['keyspaces/*/keys/*', '*/*/*/*', 'keyspaces/ks_1/**', 'keyspaces/**', '*/**', '**'],
    ...['keyspaces/ks_1/keys/**', 'keyspaces/*/**'],
  ]) {
    assert.equal(grantsUrn(urn(`${path}#read_key`)), true, path);
  }
});

test('another path, action, workspace, version or scheme grants nothing', () => {
  const refused = [
    ...['keyspaces/ks_2/keys/key_1', 'keyspaces/ks_1/keys/key_2', 'keyspaces/ks_1', 'keyspaces/*'],
    ...['keyspaces/ks_1/keys', 'keyspaces/ks_1/keys/*/*', 'keyspaces/ks_1/keys/key_1/**', '*'],
    ...['keyspaces/**/keys/key_1', '**/key_1', '**/**', 'keyspaces/ks_*/keys/key_1', '*/*'],
    ...['/keyspaces/ks_1/keys/key_1', 'keyspaces/ks_1/keys/key_1/', 'keyspaces//keys/key_1'],
    ...['Keyspaces/ks_1/keys/key_1', 'keyspaces/ks_1/keys/***', ''],
  ];
  for (const path of refused) assert.equal(grantsUrn(urn(`${path}#read_key`)), false, path);
  const action = 'keyspaces/ks_1/keys/key_1';
  for (const rest of [
    `${action}#read`,
    `${action}#READ_KEY`,
    `${action}#*`,
    action,
    `${action}#`,
  ]) {
    assert.equal(grantsUrn(urn(rest)), false, rest);
  }
  assert.equal(grantsUrn(urn(`${action}#read_key#read_key`)), false);
  for (const prefix of ['unkey:v1:ws_2:', 'unkey:v1:ws_:', 'unkey:v1:*:', 'unkey:v2:ws_1:', '']) {
    assert.equal(grantsUrn(`${prefix}${readKey}`), false, prefix);
    assert.equal(grantsUrn(`${prefix}**#*`), false, prefix);
  }
});

test('what is asked for every entity is granted by every entity alone', () => {
  const every = 'keyspaces/ks_1/keys/*#create_key';
  assert.equal(grantsUrn(urn('keyspaces/ks_1/keys/*#create_key'), every), true);
  assert.equal(grantsUrn(urn('keyspaces/ks_1/**#create_key'), every), true);
  assert.equal(grantsUrn(urn('keyspaces/ks_1/keys/key_1#create_key'), every), false);
});

test('an action may be * for ** alone, and then everything is granted', () => {
  const admin = compileGrants('ws_1', [fullAdminPermission('ws_1')]);
  assert.ok(admin.isFullAdmin);
  assert.ok(holds(admin, { tuples: ['rbac.*.create_role'] }));
  assert.ok(holds(admin, { tuples: [], urn: readKey }));
  for (const path of ['*', 'keyspaces/**', '*/**', 'keyspaces/ks_1', '**/**', '']) {
    const grants = compileGrants('ws_1', [urn(`${path}#*`)]);
    assert.equal(grants.isFullAdmin, false, path);
    assert.equal(holds(grants, { tuples: ['api.*.read_key'], urn: readKey }), false, path);
  }
  assert.equal(compileGrants('ws_2', [fullAdminPermission('ws_1')]).isFullAdmin, false);
});

test('of a need any tuple or the URN is enough, and without any grant nothing is', () => {
  const need = apiNeed('api_1', 'read_key', readKey);
  assert.deepEqual(need.tuples, ['api.*.read_key', 'api.api_1.read_key']);
  assert.deepEqual(apiNeed('api_1', 'read_key'), { tuples: need.tuples });
  for (const granted of [...need.tuples, urn(readKey)]) {
    assert.ok(holds(compileGrants('ws_1', ['other', granted]), need), granted);
  }
  assert.equal(holds(compileGrants('ws_1', []), need), false);
});

test('a denial names what is missing', () => {
  assert.equal(denialDetail([{ tuples: ['api.*.x'] }]), "Missing permission: 'api.*.x'");
  const needs = [apiNeed('api_1', 'x'), { tuples: ['rbac.*.y'] }];
  const detail = 'Missing one of these permissions: api.*.x or api.api_1.x or rbac.*.y';
  assert.equal(denialDetail(needs), detail);
});

test('whatever is granted, nothing throws, and a path is matched as segments are compared', () => {
  const random = createRandom(5);
  const segments = ['a', 'b', '*', '**', ''];
  const path = () =>
    Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
      return segments[Math.floor(random() * segments.length)];
    });
  for (let round = 0; round < 20_000; round += 1) {
    const [granted, wanted] = [path(), path().map((one) => (one === '**' ? 'c' : one || 'd'))];
    const isBelow = granted.at(-1) === '**' && wanted.length >= granted.length;
    const fixed = isBelow ? granted.slice(0, -1) : granted;
    const isLong = isBelow || granted.length === wanted.length;
    const isSame = fixed.every((one, at) => one === '*' || one === wanted[at]);
    const found = grantsUrn(urn(`${granted.join('/')}#x`), `${wanted.join('/')}#x`);
    assert.equal(found, isLong && isSame, `${granted.join('/')} for ${wanted.join('/')}`);
  }
});
