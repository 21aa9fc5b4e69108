import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pruneAuditEvents } from '../../src/control/audit-events.ts';
import {
  admin,
  type ControlWorld,
  callerWith,
  openControlWorld,
  operator,
} from './control-world.ts';

let world: ControlWorld;

before(async () => {
  world = await openControlWorld();
});
after(() => world.close());

const list = (body: object = {}) => world.ok('auditLogs.listEvents', body, operator);

test('a change is recorded with who made it, from where, and in which call', async () => {
  const { apiId } = await world.ok('apis.createApi', { name: 'payments' });
  const { rows } = await list({ resourceId: apiId });
  assert.equal(rows.length, 1);
  const { id, requestId, ...event } = rows[0];
  assert.match(id, /^log_/);
  assert.match(requestId, /^req_/);
  assert.deepEqual(event, {
    time: world.context.nowMs,
    action: 'api.create',
    actor: 'key_root',
    address: '192.0.2.1',
    userAgent: 'test',
    summary: `Created API ${apiId}`,
    resources: [{ type: 'api', id: apiId, name: 'payments' }],
    after: { name: 'payments' },
  });
});

test('an update is recorded with the fields that differ and no others', async () => {
  const { apiId } = await world.ok('apis.createApi', { name: 'before' });
  const { keyId } = await world.ok('keys.createKey', { apiId, name: 'one', meta: { plan: 'a' } });
  await world.ok('keys.updateKey', { keyId, name: 'two', enabled: true, meta: null });
  const [event] = await world.eventsOf();
  assert.deepEqual(event?.before, { name: 'one', meta: { plan: 'a' } });
  assert.deepEqual(event?.after, { name: 'two', meta: null });
});

test('what is refused leaves no record', async () => {
  const [count] = await world.database`select count(*)::int from latchkey.audit_events`;
  const { apiId } = await world.ok('apis.createApi', { name: 'payments' });
  await world.refused('keys.createKey', { apiId, permissions: ['made'], roles: ['missing'] });
  const [next] = await world.database`select count(*)::int from latchkey.audit_events`;
  assert.equal(next?.count, count?.count + 1);
});

test('no secret and no hash is in the record of a key', async () => {
  const { apiId } = await world.ok('apis.createApi', { name: 'secrets' });
  await world.ok('apis.updateApi', { apiId, recoverableKeys: true }, operator);
  const { keyId, key } = await world.ok('keys.createKey', { apiId, recoverable: true });
  const rerolled = await world.ok('keys.rerollKey', { keyId, expiration: 0 });
  const made = await world.ok('rootKeys.createRootKey', { permissions: ['api.*.a'] }, operator);
  const [row] = await world.database`
    select string_agg(e::text, ' ') as everything from latchkey.audit_events e`;
  const hashes = await world.database`select encode(hash, 'hex') as hash from latchkey.keys`;
  for (const secret of [key, rerolled.key, made.key, ...hashes.map(({ hash }) => hash)]) {
    assert.ok(!row?.everything.includes(secret.slice(12)));
  }
});

test('a value that is too large for the record leaves its length', async () => {
  const { apiId } = await world.ok('apis.createApi', { name: 'large' });
  await world.ok('keys.createKey', { apiId, meta: { text: 'x'.repeat(5000) } });
  const events = await world.eventsOf();
  const shown = events.map((event) => (event.after as { meta: unknown }).meta);
  assert.deepEqual(shown, ['(5011 characters)']);
});

test('pages go from the latest change back, and none is shown twice', async () => {
  const names = Array.from({ length: 7 }, (_, index) => `page ${index}`);
  for (const name of names) {
    world.context.nowMs += 1;
    await world.ok('apis.createApi', { name });
  }
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ action: 'api.create', limit: 3, ...(cursor && { cursor }) });
    seen.push(...page.rows.map((row: { after: { name: string } }) => row.after.name));
    cursor = page.nextCursor;
  } while (cursor);
  assert.deepEqual(seen.slice(0, 7), names.toReversed());
  assert.equal(new Set(seen.filter((name) => name.startsWith('page'))).size, 7);
});

test('filters by action, actor, call and time are combined', async () => {
  world.context.nowMs += 1000;
  const from = world.context.nowMs;
  const caller = { ...admin, rootKeyId: 'key_other' };
  await world.ok('apis.createApi', { name: 'by another' }, caller);
  await world.ok('permissions.createPermission', { name: 'p', slug: 'p' }, caller);
  world.context.nowMs += 1000;
  const to = world.context.nowMs;
  await world.ok('apis.createApi', { name: 'too late' }, caller);
  const { rows } = await list({ action: 'api.create', actor: 'key_other', from, to });
  assert.deepEqual(
    rows.map((row: { summary: string }) => row.summary.slice(0, 11)),
    ['Created API'],
  );
  assert.equal((await list({ requestId: rows[0].requestId })).rows.length, 1);
  assert.equal((await list({ from: to + 1 })).rows.length, 0);
  assert.equal(
    await world.refused('auditLogs.listEvents', { cursor: 'x' }, operator),
    '400 invalid_input',
  );
});

test('only what is older than the workspace keeps it is forgotten', async () => {
  await world.ok('workspaces.updateWorkspace', { auditRetentionDays: 10 }, operator);
  const dayMs = 86_400_000;
  world.context.nowMs += 10 * dayMs;
  await world.ok('apis.createApi', { name: 'kept' });
  world.context.nowMs += dayMs;
  assert.ok((await pruneAuditEvents(world.database, world.context.nowMs)) > 0);
  const { rows } = await list();
  assert.deepEqual(
    rows.map((row: { after: { name: string } }) => row.after.name),
    ['kept'],
  );
  assert.equal(await pruneAuditEvents(world.database, world.context.nowMs), 0);
});

test('the log of a workspace is read with a right of its own', async () => {
  assert.equal(
    await world.refused('auditLogs.listEvents', {}, admin),
    '403 insufficient_permissions',
  );
  const auditor = callerWith('admin.ws_1.read_audit_log');
  await world.ok('auditLogs.listEvents', {}, auditor);
  assert.equal(
    await world.refused('auditLogs.listEvents', { workspaceId: 'ws_2' }, auditor),
    '403 insufficient_permissions',
  );
});
