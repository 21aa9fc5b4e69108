/** Every management method of the official SDK against a whole server, with its typed errors. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Unkey } from '@unkey/api';
import * as errors from '@unkey/api/models/errors';
import { keyHash } from '../../src/domain/key-hash.ts';
import { startServer, type TestServer } from '../support/server.ts';
import type { Result } from './control-world.ts';

let server: TestServer;
let unkey: Unkey;
let apiId: string;

before(async () => {
  server = await startServer({ workers: 1 });
  unkey = new Unkey({ serverURL: server.url, rootKey: server.rootKey });
  apiId = (await unkey.apis.createApi({ name: 'payments' })).data.apiId;
});
after(() => server.close());

/** A call that the SDK does not know. */
async function post(name: string, body: object): Promise<{ status: number; body: Result }> {
  const response = await fetch(`${server.url}/v2/${name}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.rootKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

test('keys: from creation over every change to the end', async () => {
  const { data: made } = await unkey.keys.createKey({
    apiId,
    externalId: 'user_1',
    credits: { remaining: 10, refill: { interval: 'monthly', amount: 5, refillDay: 31 } },
    ratelimits: [{ name: 'requests', limit: 5, duration: 1000, autoApply: true }],
  });
  const { keyId, key } = made;
  await unkey.keys.updateKey({ keyId, name: 'renamed', meta: { a: 1 }, expires: null });
  const { data: credits } = await unkey.keys.updateCredits({
    keyId,
    operation: 'increment',
    value: 5,
  });
  assert.equal(credits.remaining, 15);
  const slugs = async (call: Promise<{ data: { slug: string }[] }>) =>
    (await call).data.map(({ slug }) => slug);
  const permissions = ['docs.read', 'docs.write'];
  assert.deepEqual(await slugs(unkey.keys.addPermissions({ keyId, permissions })), permissions);
  const one = ['docs.read'];
  assert.deepEqual(await slugs(unkey.keys.removePermissions({ keyId, permissions: one })), [
    'docs.write',
  ]);
  assert.deepEqual(await slugs(unkey.keys.setPermissions({ keyId, permissions: one })), one);
  await unkey.permissions.createRole({ name: 'reader' });
  const roles = ['reader'];
  assert.equal((await unkey.keys.addRoles({ keyId, roles })).data[0]?.name, 'reader');
  assert.deepEqual((await unkey.keys.removeRoles({ keyId, roles })).data, []);
  assert.equal((await unkey.keys.setRoles({ keyId, roles })).data.length, 1);

  const { data: seen } = await unkey.keys.getKey({ keyId });
  assert.deepEqual((await unkey.keys.whoami({ key })).data, seen);
  assert.deepEqual([seen.name, seen.roles, seen.permissions], ['renamed', roles, one]);
  const { data: next } = await unkey.keys.rerollKey({ keyId, expiration: 0 });
  assert.equal((await unkey.keys.verifyKey({ key })).data.code, 'EXPIRED');
  assert.equal((await unkey.keys.verifyKey({ key: next.key })).data.code, 'VALID');
  await unkey.keys.deleteKey({ keyId, permanent: true });
  assert.equal((await unkey.keys.verifyKey({ key })).data.code, 'NOT_FOUND');
});

test('lists: the SDK walks the pages by itself', async () => {
  const api = await unkey.apis.createApi({ name: 'listed' });
  const keys = Array.from({ length: 7 }, () => ({}));
  const made = await post('keys.createKeys', { apiId: api.data.apiId, keys });
  const expected = made.body.data.keys.map(({ keyId }: { keyId: string }) => keyId).sort();
  const seen: string[] = [];
  for await (const { result } of await unkey.apis.listKeys({ apiId: api.data.apiId, limit: 3 })) {
    seen.push(...result.data.map(({ keyId }) => keyId));
  }
  assert.deepEqual(seen, expected);
  for (const slug of ['a', 'b', 'c']) {
    await unkey.permissions.createPermission({ name: slug, slug: `list.${slug}` });
    await unkey.permissions.createRole({ name: `list ${slug}`, permissions: [`list.${slug}`] });
    await unkey.identities.createIdentity({ externalId: `list-${slug}` });
  }
  const counts = { permissions: 0, roles: 0, identities: 0 };
  const some = { limit: 1, search: 'LIST' };
  for await (const { result } of await unkey.permissions.listPermissions(some)) {
    counts.permissions += result.data.length;
  }
  for await (const { result } of await unkey.permissions.listRoles(some)) {
    counts.roles += result.data.length;
  }
  for await (const { result } of await unkey.identities.listIdentities(some)) {
    counts.identities += result.data.length;
  }
  assert.deepEqual(counts, { permissions: 3, roles: 3, identities: 3 });
});

test('identities, permissions and roles: every method', async () => {
  const ratelimits = [{ name: 'requests', limit: 5, duration: 1000, autoApply: true }];
  const { data: created } = await unkey.identities.createIdentity({ externalId: 'u', ratelimits });
  const { data: identity } = await unkey.identities.getIdentity({ identity: created.identityId });
  assert.equal(identity.externalId, 'u');
  const update = { identity: 'u', meta: { plan: 'pro' } };
  const { data: updated } = await unkey.identities.updateIdentity(update);
  assert.deepEqual(updated.meta, { plan: 'pro' });
  const deleted = await unkey.identities.deleteIdentity({ identity: 'u' });
  assert.match(deleted.meta.requestId, /^req_/);

  const { data: made } = await unkey.permissions.createPermission({ name: 'P', slug: 'p.q' });
  const { data: permission } = await unkey.permissions.getPermission({ permission: 'P.Q' });
  assert.equal(permission.id, made.permissionId);
  const { data: role } = await unkey.permissions.createRole({ name: 'r', permissions: ['p.q'] });
  const { roleId } = role;
  assert.equal((await unkey.permissions.getRole({ role: 'R' })).data.id, roleId);
  const permissions = ['x', 'p.q'];
  const set = await unkey.permissions.setRolePermissions({ roleId, permissions });
  assert.deepEqual(
    set.data.map(({ slug }) => slug),
    ['p.q', 'x'],
  );
  await unkey.permissions.deletePermission({ permission: 'x' });
  await unkey.permissions.deleteRole({ role: roleId });
});

test('imports: a key of elsewhere verifies here', async () => {
  const migration = await post('migrations.createMigration', { algorithm: 'sha256' });
  const { migrationId } = migration.body.data;
  const hash = keyHash('key of elsewhere').toString('base64');
  const { data } = await unkey.keys.migrateKeys({ apiId, migrationId, keys: [{ hash }] });
  assert.deepEqual(data.failed, []);
  const verified = await unkey.keys.verifyKey({ key: 'key of elsewhere' });
  assert.equal(verified.data.keyId, data.migrated[0]?.keyId);
});

test('each refusal is the typed error of its status', async () => {
  const scoped = await post('rootKeys.createRootKey', { permissions: ['api.*.create_api'] });
  const weak = new Unkey({ serverURL: server.url, rootKey: scoped.body.data.key });
  const wrong = new Unkey({ serverURL: server.url, rootKey: 'unkey_unknown' });
  const missing = { keyId: 'key_missing' };
  await unkey.permissions.createRole({ name: 'twice' });
  await assert.rejects(unkey.apis.createApi({ name: 'x' }), errors.BadRequestErrorResponse);
  await assert.rejects(wrong.keys.getKey(missing), errors.UnauthorizedErrorResponse);
  await assert.rejects(weak.apis.getApi({ apiId }), errors.ForbiddenErrorResponse);
  await assert.rejects(unkey.keys.getKey(missing), errors.NotFoundErrorResponse);
  await assert.rejects(
    unkey.permissions.createRole({ name: 'TWICE' }),
    errors.ConflictErrorResponse,
  );
  await assert.rejects(
    unkey.identities.deleteIdentity({ identity: 'missing' }),
    errors.NotFoundErrorResponse,
  );
  await post('apis.updateApi', { apiId, deleteProtection: true });
  await assert.rejects(unkey.apis.deleteApi({ apiId }), errors.PreconditionFailedErrorResponse);
  await assert.rejects(
    unkey.keys.createKey({ apiId, recoverable: true }),
    (error: errors.APIError) => error.statusCode === 412,
  );
});

test('the record says where a call came from', async () => {
  const { body } = await post('auditLogs.listEvents', { action: 'api.create', limit: 1 });
  const [event] = body.data;
  assert.equal(event.address, '127.0.0.1');
  assert.match(event.userAgent, /^speakeasy-sdk/);
  assert.match(event.requestId, /^req_/);
  assert.equal(body.pagination.hasMore, true);
});
