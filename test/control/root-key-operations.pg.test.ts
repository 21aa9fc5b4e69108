import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Caller } from '../../src/control/operation.ts';
import { compileGrants } from '../../src/domain/grants.ts';
import { keyHash } from '../../src/domain/key-hash.ts';
import { operatorPermission } from '../../src/domain/operator-rights.ts';
import { type ControlWorld, callerWith, openControlWorld, operator } from './control-world.ts';

let world: ControlWorld;

before(async () => {
  world = await openControlWorld();
});
after(() => world.close());

const create = (body: object, caller = operator) =>
  world.ok('rootKeys.createRootKey', body, caller);
const refused = (name: string, body: object, caller = operator) =>
  world.refused(`rootKeys.${name}`, body, caller);
const granter = (...permissions: string[]) =>
  callerWith('admin.ws_1.create_root_key', ...permissions);

/** A caller that is a stored root key. */
async function storedCaller(permissions: string[], expires?: number): Promise<Caller> {
  const { rootKeyId } = await create({ permissions, ...(expires && { expires }) });
  return { ...callerWith(), rootKeyId, grants: compileGrants('ws_1', permissions) };
}

test('a root key is shown once; its hash and its rights are kept', async () => {
  const expires = 4_000_000_000_000;
  const permissions = ['api.*.create_key', 'unkey:v1:ws_1:keyspaces/**#read_key'];
  const { rootKeyId, key } = await create({ name: 'ci', permissions, expires });
  assert.match(key, /^unkey_[1-9A-HJ-NP-Za-km-z]{20,22}$/);
  const [row] = await world.database`
    select hash from latchkey.root_keys where id = ${rootKeyId}`;
  assert.deepEqual(row?.hash, keyHash(key));
  const { rows } = await world.ok('rootKeys.listRootKeys', { cursor: rootKeyId }, operator);
  assert.deepEqual(rows[0], {
    rootKeyId,
    workspaceId: 'ws_1',
    start: key.slice(0, 'unkey_'.length + 4),
    name: 'ci',
    permissions,
    enabled: true,
    expires,
    createdAt: world.context.nowMs,
  });
  assert.ok(!JSON.stringify(rows).includes(key));
});

test('nobody grants more than they hold', async () => {
  const full = 'unkey:v1:ws_1:**#*';
  const cases: [holding: string[], wanted: string, isGranted: boolean][] = [
    [['api.*.create_key'], 'api.*.create_key', true],
    [['api.*.create_key'], 'api.api_1.create_key', true],
    [['api.api_1.create_key'], 'api.*.create_key', false],
    [['api.api_1.create_key'], 'api.api_2.create_key', false],
    [['api.*.create_key'], full, false],
    [[full], 'api.*.create_key', true],
    [[full], full, true],
    [[full], 'unkey:v1:ws_1:keyspaces/ks_1#create_key', true],
    [[full], 'admin.ws_1.read_audit_log', false],
    [[full], operatorPermission, false],
    [['admin.ws_1.read_audit_log'], 'admin.ws_1.read_audit_log', true],
    [['admin.ws_1.read_audit_log'], 'admin.*.read_audit_log', false],
    [['admin.*.read_audit_log'], 'admin.ws_2.read_audit_log', true],
    [['unkey:v1:ws_1:keyspaces/**#read_key'], 'unkey:v1:ws_1:keyspaces/*/keys/*#read_key', true],
    [['unkey:v1:ws_1:keyspaces/**#read_key'], 'unkey:v1:ws_1:keyspaces/**#delete_key', false],
    [['unkey:v1:ws_1:keyspaces/*#read_key'], 'unkey:v1:ws_1:keyspaces/**#read_key', false],
    [['unkey:v1:ws_1:keyspaces/*#read_key'], 'unkey:v1:ws_1:keyspaces/ks_1#read_key', true],
    [['unkey:v1:ws_1:keyspaces/ks_1#read_key'], 'unkey:v1:ws_1:keyspaces/*#read_key', false],
  ];
  for (const [holding, wanted, isGranted] of cases) {
    const body = { permissions: [wanted] };
    const { status } = await world.call('rootKeys.createRootKey', body, granter(...holding));
    assert.equal(status, isGranted ? 200 : 403, `${holding} grants ${wanted}`);
  }
});

test('only the operator makes root keys for another workspace', async () => {
  const body = { workspaceId: 'ws_2', permissions: ['api.*.create_key'] };
  const everywhere = callerWith('admin.*.create_root_key', 'api.*.create_key');
  assert.equal(await refused('createRootKey', body, everywhere), '403 forbidden');
  const made = await create({ workspaceId: 'ws_2', permissions: ['unkey:v1:ws_2:**#*'] });
  const listed = { workspaceId: 'ws_2' };
  const { rows } = await world.ok('rootKeys.listRootKeys', listed, operator);
  assert.deepEqual(
    rows.map(({ rootKeyId }: { rootKeyId: string }) => rootKeyId),
    [made.rootKeyId],
  );
  const unknown = { ...body, workspaceId: 'ws_unknown' };
  assert.equal(await refused('createRootKey', unknown), '404 workspace_not_found');
});

test('a root key that expires makes none that outlives it', async () => {
  const expires = 3_000_000_000_000;
  const caller = await storedCaller(['admin.*.create_root_key', 'api.*.a'], expires);
  const body = { permissions: ['api.*.a'] };
  assert.equal(await refused('createRootKey', body, caller), '403 forbidden');
  const longer = { ...body, expires: expires + 1 };
  assert.equal(await refused('createRootKey', longer, caller), '403 forbidden');
  await create({ ...body, expires }, caller);
});

test('a permission that could never allow anything is refused as a mistake', async () => {
  for (const permission of ['*', 'api.*', 'nonsense', 'unkey:v1:ws_2:**#*', 'unkey:v1:ws_1:a#*']) {
    const body = { permissions: [permission] };
    assert.equal(await refused('createRootKey', body), '400 invalid_input', permission);
  }
});

test('who holds less can neither change nor rotate a root key, but may revoke it', async () => {
  const { rootKeyId } = await create({ permissions: ['unkey:v1:ws_1:**#*'] });
  const rights = ['update_root_key', 'rotate_root_key', 'revoke_root_key'];
  const caller = callerWith(...rights.map((right) => `admin.ws_1.${right}`), 'api.*.create_key');
  const rename = { rootKeyId, name: 'renamed' };
  assert.equal(await refused('updateRootKey', rename, caller), '403 forbidden');
  const rotate = { rootKeyId, expiration: 0 };
  assert.equal(await refused('rotateRootKey', rotate, caller), '403 forbidden');
  assert.deepEqual(await world.ok('rootKeys.revokeRootKey', { rootKeyId }, caller), {});
  for (const [name, body] of [
    ['revokeRootKey', { rootKeyId }],
    ['rotateRootKey', rotate],
    ['updateRootKey', rename],
  ] as const) {
    assert.equal(await refused(name, body), '404 key_not_found');
  }
});

test('a change sets what is given, clears by null, and keeps the rest', async () => {
  const permissions = ['api.*.a'];
  const { rootKeyId } = await create({ name: 'one', permissions, expires: 4_000_000_000_000 });
  const update = (body: object) =>
    world.ok('rootKeys.updateRootKey', { rootKeyId, ...body }, operator);
  const disabled = await update({ enabled: false });
  assert.deepEqual(
    [disabled.enabled, disabled.name, disabled.permissions],
    [false, 'one', permissions],
  );
  const cleared = await update({ name: null, expires: null, permissions: ['api.*.b'] });
  assert.deepEqual(
    ['name' in cleared, 'expires' in cleared, cleared.permissions, cleared.enabled],
    [false, false, ['api.*.b'], false],
  );
});

test('a rotated root key goes on for its grace, never longer than it would have', async () => {
  const { nowMs } = world.context;
  const rotate = async (expires: number | undefined, expiration: number) => {
    const body = { permissions: ['api.*.a'], ...(expires && { expires }) };
    const old = await create(body);
    const request = { rootKeyId: old.rootKeyId, expiration };
    const made = await world.ok('rootKeys.rotateRootKey', request, operator);
    assert.notEqual(made.key, old.key);
    const [row] = await world.database`
      select o.expires_at_ms as ended, n.expires_at_ms as expires, n.permissions
      from latchkey.root_keys o, latchkey.root_keys n
      where o.id = ${old.rootKeyId} and n.id = ${made.rootKeyId}`;
    assert.deepEqual(row?.permissions, body.permissions);
    return [row?.ended, row?.expires];
  };
  assert.deepEqual(await rotate(undefined, 0), [nowMs - 1, null]);
  assert.deepEqual(await rotate(undefined, 5000), [nowMs + 5000, null]);
  assert.deepEqual(await rotate(nowMs + 1000, 5000), [nowMs + 1000, nowMs + 1000]);
});
