import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { createRandom } from '../support/random.ts';
import {
  admin,
  type ControlWorld,
  callerWith,
  openControlWorld,
  operator,
} from './control-world.ts';

let world: ControlWorld;
let apiId: string;

before(async () => {
  world = await openControlWorld();
});
after(() => world.close());
beforeEach(async () => {
  ({ apiId } = await world.ok('apis.createApi', { name: 'payments' }));
});

type Key = { keyId: string; plaintext?: string };

async function createMany(count: number, settings: object = {}): Promise<string[]> {
  const keys = Array.from({ length: count }, () => settings);
  const made = await world.ok('keys.createKeys', { apiId, keys });
  return made.keys.map(({ keyId }: Key) => keyId);
}

async function walk(body: object, onPage: (keyIds: string[]) => Promise<void> = async () => {}) {
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await world.ok('apis.listKeys', { apiId, ...body, ...(cursor && { cursor }) });
    const keyIds = page.rows.map(({ keyId }: Key) => keyId);
    seen.push(...keyIds);
    await onPage(keyIds);
    cursor = page.nextCursor;
  } while (cursor);
  return seen;
}

test('a walk over 1,000 keys sees each that stays once while others come and go', async () => {
  const staying = await createMany(1000);
  const random = createRandom(7);
  const seen = await walk({ limit: 37 }, async () => {
    const [added = '', kept = ''] = await createMany(2);
    if (random() < 0.5) await world.ok('keys.deleteKey', { keyId: added });
    if (random() < 0.5) await world.ok('keys.deleteKey', { keyId: kept, permanent: true });
  });
  assert.equal(new Set(seen).size, seen.length);
  const found = new Set(seen);
  assert.deepEqual(
    staying.filter((keyId) => !found.has(keyId)),
    [],
  );
  assert.deepEqual(seen, seen.toSorted());
});

test('a walk goes on where it was when the key at its cursor is deleted', async () => {
  const keyIds = (await createMany(6)).sort();
  const first = await world.ok('apis.listKeys', { apiId, limit: 3 });
  assert.equal(first.nextCursor, keyIds[3]);
  await world.ok('keys.deleteKey', { keyId: first.nextCursor });
  const next = await world.ok('apis.listKeys', { apiId, limit: 3, cursor: first.nextCursor });
  assert.deepEqual(
    next.rows.map(({ keyId }: Key) => keyId),
    keyIds.slice(4),
  );
  assert.equal(next.nextCursor, undefined);
});

test('a page that ends with the last key is the last page', async () => {
  await createMany(4);
  const page = await world.ok('apis.listKeys', { apiId, limit: 4 });
  assert.equal(page.rows.length, 4);
  assert.equal(page.nextCursor, undefined);
});

test('disabled and expired keys are listed, deleted ones and deleted APIs are not', async () => {
  const [disabled = ''] = await createMany(1, { enabled: false });
  const [expired = ''] = await createMany(1, { expires: 1 });
  const [deleted = ''] = await createMany(1);
  await world.ok('keys.deleteKey', { keyId: deleted });
  assert.deepEqual(await walk({}), [disabled, expired].sort());
  await world.ok('apis.deleteApi', { apiId });
  assert.equal(await world.refused('apis.listKeys', { apiId }), '404 api_not_found');
});

test('an external id selects the keys of its identity; an unknown one selects none', async () => {
  await createMany(2);
  const ofOne = await createMany(3, { externalId: 'one' });
  assert.deepEqual(await walk({ externalId: 'one', limit: 2 }), ofOne.sort());
  assert.deepEqual(await walk({ externalId: 'One' }), []);
  const identity = { identity: 'one' };
  await world.ok('identities.deleteIdentity', identity);
  assert.deepEqual(await walk({ externalId: 'one' }), []);
});

test('both rights are needed, and without them the API does not seem to exist', async () => {
  const missing = await world.call('apis.listKeys', { apiId: 'api_missing' });
  for (const rights of [['api.*.read_key'], ['api.*.read_api'], []]) {
    assert.deepEqual(await world.call('apis.listKeys', { apiId }, callerWith(...rights)), missing);
  }
  const rights = [`api.${apiId}.read_key`, 'api.*.read_api'];
  await world.ok('apis.listKeys', { apiId }, callerWith(...rights));
});

test('decryption is asked for in the order vault, right, switch', async () => {
  const reader = callerWith('api.*.read_key', 'api.*.read_api');
  const decrypted = (caller = admin) =>
    world.call('apis.listKeys', { apiId, decrypt: true }, caller);
  assert.equal((await decrypted(reader)).status, 403);
  assert.equal((await decrypted()).status, 412);
  const { vault } = world.context;
  world.context.vault = undefined;
  assert.equal((await decrypted(reader)).status, 412);
  world.context.vault = vault;

  await world.ok('apis.updateApi', { apiId, recoverableKeys: true }, operator);
  const made = await world.ok('keys.createKey', { apiId, recoverable: true });
  await createMany(1);
  const { rows } = await world.ok('apis.listKeys', { apiId, decrypt: true });
  const shown = rows.filter(({ plaintext }: Key) => plaintext !== undefined);
  assert.deepEqual(
    shown.map(({ keyId, plaintext }: Key) => ({ keyId, key: plaintext })),
    [made],
  );
});
