/** Answers of a whole server, each held against what its OpenAPI document says of it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import type { OpenapiDocument } from '../../src/http/openapi.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

// biome-ignore lint/suspicious/noExplicitAny: the document says what an answer holds.
type Answer = any;

let server: TestServer;
let document: OpenapiDocument;
const ajv = new Ajv2020({ strict: false });
const validators = new Map<string, ValidateFunction>();
const called = new Set<string>();

before(async () => {
  const settings = { LATCHKEY_MASTER_KEY: randomBytes(32).toString('base64') };
  server = await startServer({ workers: 1, settings });
  document = (await (await fetch(`${server.url}/openapi.json`)).json()) as OpenapiDocument;
  ajv.addSchema(document, 'document');
});
after(() => server.close());

/** Fails unless the document has this answer. Resolves with its `data`. */
async function call(name: string, body: unknown, expected = 200, key = server.rootKey) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const path = `/v2/${name}`;
  const init = { method: 'POST', headers, body: JSON.stringify(body) };
  const response = await fetch(server.url + path, init);
  const answer = (await response.json()) as Answer;
  assert.equal(response.status, expected, `${name}: ${JSON.stringify(answer)}`);
  const type = response.headers.get('content-type') ?? '';
  const validate = validatorOf(path, String(response.status), type);
  assert.ok(validate(answer as unknown), `${name}: ${ajv.errorsText(validate.errors)}`);
  if (expected === 200) called.add(path);
  return answer.data;
}

function validatorOf(path: string, status: string, contentType: string): ValidateFunction {
  const name = `${path} ${status} ${contentType}`;
  let validate = validators.get(name);
  if (!validate) {
    const item = document.paths[path] as Answer;
    const reference = item.post.responses[status]?.$ref;
    const response = ['paths', path, 'post', 'responses', status].map(pointerToken).join('/');
    const place = reference?.slice('#/'.length) ?? response;
    const tokens = ['content', contentType, 'schema'].map(pointerToken).join('/');
    validate = ajv.compile({ $ref: `document#/${place}/${tokens}` });
    validators.set(name, validate);
  }
  return validate;
}

function pointerToken(token: string): string {
  return encodeURIComponent(token.replaceAll('~', '~0').replaceAll('/', '~1'));
}

const ratelimits = [{ name: 'requests', limit: 5, duration: 60_000, autoApply: true }];
const refill = { interval: 'monthly', amount: 5, refillDay: 31 };
let apiId: string;

test('APIs and keys answer as documented', async () => {
  ({ apiId } = await call('apis.createApi', { name: 'payments' }));
  await call('apis.getApi', { apiId });
  await call('apis.updateApi', { apiId, recoverableKeys: true, defaultPrefix: 'pay' });
  await call('apis.getApiSettings', { apiId });
  await call('apis.listApis', { limit: 1 });
  await call('identities.createIdentity', { externalId: 'user_1', meta: { a: 1 }, ratelimits });
  await call('permissions.createRole', { name: 'reader', permissions: ['docs.read'] });
  const { keyId, key } = await call('keys.createKey', {
    ...{ apiId, name: 'first', externalId: 'user_1', meta: { plan: 'pro' }, recoverable: true },
    ...{ credits: { remaining: 10, refill }, ratelimits, roles: ['reader'] },
    ...{ permissions: ['a.b'], expires: 4_000_000_000_000 },
  });
  await call('keys.createKeys', { apiId, keys: [{}, { name: 'second' }] });
  await call('keys.getKey', { keyId, decrypt: true });
  await call('keys.whoami', { key });
  await call('apis.listKeys', { apiId, limit: 2 });
  await call('keys.updateKey', { keyId, name: null, meta: { b: 2 } });
  await call('keys.updateCredits', { keyId, operation: 'increment', value: 5 });
  for (const verb of ['add', 'set', 'remove']) {
    await call(`keys.${verb}Permissions`, { keyId, permissions: ['c.d'] });
    await call(`keys.${verb}Roles`, { keyId, roles: ['reader'] });
  }
  await call('keys.verifyKey', { key, ratelimits: [{ name: 'own', limit: 2, duration: 1000 }] });
  await call('keys.verifyKey', { key: 'unknown' });
  await call('keys.verifyKeys', [{ key }, { key: 'unknown' }, { kye: 1 }]);
  const next = await call('keys.rerollKey', { keyId, expiration: 0 });
  await call('keys.verifyKey', { key: next.key });
  await call('keys.deleteKey', { keyId: next.keyId });
  await call('keys.deleteKeys', { apiId });
});

test('identities, permissions and roles answer as documented', async () => {
  await call('identities.getIdentity', { identity: 'user_1' });
  await call('identities.listIdentities', {});
  await call('identities.updateIdentity', { identity: 'user_1', ratelimits: [] });
  await call('identities.deleteIdentity', { identity: 'user_1' });
  const permission = { name: 'P', slug: 'p.q', description: 'in words' };
  await call('permissions.createPermission', permission);
  await call('permissions.getPermission', { permission: 'p.q' });
  await call('permissions.listPermissions', { limit: 1 });
  const { roleId } = await call('permissions.createRole', { name: 'r', description: 'in words' });
  await call('permissions.setRolePermissions', { roleId, permissions: ['p.q'] });
  await call('permissions.getRole', { role: 'r' });
  await call('permissions.listRoles', { limit: 1 });
  await call('permissions.deleteRole', { role: 'r' });
  await call('permissions.deletePermission', { permission: 'p.q' });
});

test('rate limits answer as documented', async () => {
  const place = { namespace: 'mail', identifier: 'user_1' };
  const limit = { ...place, limit: 5, duration: 60_000 };
  await call('ratelimit.limit', limit);
  await call('ratelimit.setOverride', { ...limit, limit: 7 });
  await call('ratelimit.getOverride', place);
  await call('ratelimit.listOverrides', { namespace: 'mail' });
  await call('ratelimit.multiLimit', [limit, { ...limit, namespace: 'sms' }]);
  await call('ratelimit.deleteOverride', place);
});

test('administration answers as documented', async () => {
  const { workspaceId } = await call('workspaces.createWorkspace', { name: 'other' });
  await call('workspaces.updateWorkspace', { workspaceId, requestsPerMinute: 100 });
  await call('workspaces.getWorkspace', { workspaceId });
  await call('workspaces.listWorkspaces', { limit: 1 });
  await call('workspaces.rotateDataKey', { workspaceId });
  const permissions = ['api.*.create_api'];
  const rootKey = { workspaceId, permissions, name: 'one', expires: 4_000_000_000_000 };
  const { rootKeyId } = await call('rootKeys.createRootKey', rootKey);
  await call('rootKeys.updateRootKey', { workspaceId, rootKeyId, enabled: false });
  await call('rootKeys.listRootKeys', { workspaceId });
  const rotated = await call('rootKeys.rotateRootKey', { workspaceId, rootKeyId, expiration: 0 });
  await call('rootKeys.revokeRootKey', { workspaceId, rootKeyId: rotated.rootKeyId });
  const migration = { algorithm: 'sha256', name: 'import' };
  const { migrationId } = await call('migrations.createMigration', migration);
  await call('migrations.listMigrations', {});
  const hash = 'A'.repeat(43);
  await call('keys.migrateKeys', { apiId, migrationId, keys: [{ hash: `${hash}=` }] });
  await call('auditLogs.listEvents', { limit: 100 });
  await call('workspaces.deleteWorkspace', { workspaceId });
  await call('apis.deleteApi', { apiId });
});

test('each refusal is a documented one', async () => {
  const missing = { keyId: 'key_missing' };
  const weak = await call('rootKeys.createRootKey', { permissions: ['api.*.create_api'] });
  const { apiId: plain } = await call('apis.createApi', { name: 'plain' });
  await call('apis.createApi', { name: 1 }, 400);
  await call('keys.getKey', missing, 401, 'unkey_unknown');
  await call('apis.getApi', { apiId: plain }, 403, weak.key);
  await call('keys.getKey', missing, 404);
  await call('permissions.createRole', { name: 'READER' }, 409);
  await call('keys.createKey', { apiId: plain, recoverable: true }, 412);
  await call('apis.createApi', { name: 'x'.repeat(5 * 2 ** 20) }, 413);
  const { workspaceId } = await call('workspaces.createWorkspace', { name: 'bounded' });
  const bounded = await call('rootKeys.createRootKey', {
    ...{ workspaceId, permissions: ['api.*.create_api'] },
  });
  await call('workspaces.updateWorkspace', { workspaceId, requestsPerMinute: 0 });
  await call('apis.createApi', { name: 'refused' }, 429, bounded.key);
});

test('questions about usage answer as documented', async () => {
  await waitFor('ClickHouse has its tables', async () => {
    const { conditions } = (await (await fetch(`${server.adminUrl}/readyz`)).json()) as Answer;
    return conditions.find((one: Answer) => one.name === 'clickhouse').isMet;
  });
  const from = 'key_verifications_per_day_v1';
  await call('analytics.getVerifications', { query: `select sum(count) as total from ${from}` });
  await call('analytics.getVerifications', { query: 'select 1 from system.users' }, 400);
  await call('analytics.getRatelimits', { query: 'select count() as total from ratelimits_v1' });
  await call('analytics.getUsage', { from: Date.now() - 60_000 });
});

test('every documented call was made', () => {
  const calls = Object.entries(document.paths).flatMap(([path, item]) =>
    'post' in item ? [path] : [],
  );
  assert.deepEqual(
    calls.filter((path) => !called.has(path)),
    [],
  );
});

test('the document is the same as YAML, and packed or not', async () => {
  const yaml = await fetch(`${server.url}/openapi.yaml`);
  assert.equal(yaml.headers.get('content-type'), 'application/yaml');
  assert.deepEqual(parse(await yaml.text()), document);
  const headers = { 'accept-encoding': 'identity' };
  const plain = await fetch(`${server.url}/openapi.json`, { headers });
  assert.equal(plain.headers.get('content-encoding'), null);
  assert.deepEqual(await plain.json(), document);
});

test('the page for people names only files of this server, and may load nothing else', async () => {
  const page = await fetch(`${server.url}/reference`);
  const policy = page.headers.get('content-security-policy') ?? '';
  assert.match(policy, /^default-src 'none'; script-src 'self'; /);
  assert.doesNotMatch(policy, /https?:|\*|unsafe-eval|script-src[^;]*unsafe/);
  const html = await page.text();
  const named = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, target = '']) => target);
  assert.deepEqual(
    named.filter((target) => !/^(?:reference\/|data:,$)/.test(target)),
    [],
  );
  for (const target of named.filter((one) => one.startsWith('reference/'))) {
    const file = await fetch(new URL(target, `${server.url}/reference`));
    assert.equal(file.status, 200, target);
    assert.match(file.headers.get('content-type') ?? '', /^text\/(?:javascript|css)$/);
    assert.ok((await file.text()).length > 100, target);
  }
  assert.equal((await fetch(`${server.url}/reference/package.json`)).status, 404);
});
