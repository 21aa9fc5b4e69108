import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  type ControlWorld,
  callerOf,
  callerWith,
  openControlWorld,
  operator,
} from './control-world.ts';

let world: ControlWorld;

before(async () => {
  world = await openControlWorld();
});
after(() => world.close());

const call = (name: string, body: object = {}) => world.ok(`workspaces.${name}`, body, operator);
const refused = (name: string, body: object, caller = operator) =>
  world.refused(`workspaces.${name}`, body, caller);

test('a workspace is made, read, changed and deleted', async () => {
  const { workspaceId } = await call('createWorkspace', { name: 'new' });
  const made = {
    id: workspaceId,
    name: 'new',
    enabled: true,
    logRetentionDays: 30,
    auditRetentionDays: 90,
    createdAt: world.context.nowMs,
  };
  assert.deepEqual(await call('getWorkspace', { workspaceId }), made);
  const changes = {
    name: 'renamed',
    enabled: false,
    requestsPerMinute: 0,
    logRetentionDays: 7,
    auditRetentionDays: 365,
  };
  const changed = await call('updateWorkspace', { workspaceId, ...changes });
  assert.deepEqual(changed, { ...made, ...changes });
  const unlimited = await call('updateWorkspace', { workspaceId, requestsPerMinute: null });
  assert.equal('requestsPerMinute' in unlimited, false);
  assert.equal(unlimited.name, 'renamed');
  assert.deepEqual(await call('deleteWorkspace', { workspaceId }), {});
  for (const name of ['getWorkspace', 'updateWorkspace', 'deleteWorkspace', 'rotateDataKey']) {
    assert.equal(await refused(name, { workspaceId }), '404 workspace_not_found');
  }
});

test('a root key cannot disable or delete its own workspace', async () => {
  const own = { workspaceId: 'ws_1' };
  assert.equal(await refused('updateWorkspace', { enabled: false }), '412 protected_resource');
  assert.equal(await refused('deleteWorkspace', own), '412 protected_resource');
});

test('a right to one workspace is none to another, to all, or to make one', async () => {
  const forbidden = '403 insufficient_permissions';
  const local = callerWith('admin.ws_1.read_workspace', 'admin.ws_1.create_workspace');
  await world.ok('workspaces.getWorkspace', {}, local);
  assert.equal(await refused('getWorkspace', { workspaceId: 'ws_2' }, local), forbidden);
  assert.equal(await refused('getWorkspace', { workspaceId: 'ws_unknown' }, local), forbidden);
  assert.equal(await refused('listWorkspaces', {}, local), forbidden);
  assert.equal(await refused('createWorkspace', { name: 'x' }, local), forbidden);
  const everywhere = callerOf('ws_2', 'admin.*.read_workspace');
  const { rows } = await world.ok('workspaces.listWorkspaces', {}, everywhere);
  const ids = rows.map(({ id }: { id: string }) => id);
  assert.deepEqual(ids.slice(0, 2), ['ws_1', 'ws_2']);
});

test('a new data key encrypts from then on, and the earlier ones still decrypt', async () => {
  const { apiId } = await world.ok('apis.createApi', { name: 'recoverable' });
  await world.ok('apis.updateApi', { apiId, recoverableKeys: true }, operator);
  const create = () => world.ok('keys.createKey', { apiId, recoverable: true });
  const first = await create();
  world.context.nowMs += 1;
  const { dataKeyId } = await call('rotateDataKey');
  const second = await create();
  const used = await world.database`
    select data_key_id from latchkey.encrypted_keys where key_id = ${second.keyId}`;
  assert.equal(used[0]?.data_key_id, dataKeyId);
  for (const { keyId, key } of [first, second]) {
    const shown = await world.ok('keys.getKey', { keyId, decrypt: true });
    assert.equal(shown.plaintext, key);
  }
  const { vault } = world.context;
  world.context.vault = undefined;
  assert.equal(await refused('rotateDataKey', {}), '412 precondition_failed');
  world.context.vault = vault;
});
