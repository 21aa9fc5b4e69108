import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Operation } from '../../src/control/operation.ts';
import {
  deleteOverride,
  getOverride,
  listOverrides,
  setOverride,
} from '../../src/control/ratelimit-overrides.ts';
import { callerWith, openRatelimitWorld, type RatelimitWorld } from './ratelimit-world.ts';

const unknownNamespace = 'unkey/data/ratelimit_namespace_not_found';
const unknownOverride = 'unkey/data/ratelimit_override_not_found';
const denied = 'unkey/authorization/insufficient_permissions';

let world: RatelimitWorld;
before(async () => {
  world = await openRatelimitWorld();
  await world.addNamespace('rlns_email', 'email');
  await world.addNamespace('rlns_gone', 'gone', { deleted_at_ms: 5 });
  await world.addNamespace('rlns_foreign', 'foreign', { workspace_id: 'ws_2' });
});
after(() => world.close());

const inEmail = (identifier: string) => ({ namespace: 'email', identifier });

async function set(identifier: string, limit = 5, duration = 1000): Promise<string> {
  const result = await world.call(setOverride, { ...inEmail(identifier), limit, duration });
  assert.ok(typeof result === 'object', String(result));
  assert.match(result.overrideId, /^rlor_[A-Za-z0-9]{9}$/);
  return result.overrideId;
}

const get = (identifier: string) => world.call(getOverride, inEmail(identifier));
const remove = (identifier: string) => world.call(deleteOverride, inEmail(identifier));

test('setting an override again changes it and keeps its id', async () => {
  const overrideId = await set('user_1', 5, 1000);
  const again = { namespace: 'rlns_email', identifier: 'user_1', limit: 0, duration: 2 ** 50 };
  assert.deepEqual(await world.call(setOverride, again), { overrideId });
  const expected = { overrideId, identifier: 'user_1', limit: 0, duration: 2 ** 50 };
  assert.deepEqual(await get('user_1'), expected);
});

test('ten concurrent setters of one override end with one', async () => {
  const ids = await Promise.all(Array.from({ length: 10 }, (_, limit) => set('contended', limit)));
  assert.equal(new Set(ids).size, 1);
});

test('what is read for an identifier is what a decision would apply', async () => {
  const exact = await set('a_b');
  const pattern = await set('a_*');
  const overrideIdOf = async (identifier: string) => {
    const found = await get(identifier);
    return typeof found === 'object' ? found.overrideId : found;
  };
  assert.equal(await overrideIdOf('a_b'), exact);
  assert.equal(await overrideIdOf('a_c'), pattern);
  assert.equal(await overrideIdOf('a_*'), pattern);
  assert.equal(await overrideIdOf('A_b'), unknownOverride);
});

test('only exactly the identifier that was set is deleted; then it may be set anew', async () => {
  const first = await set('b_*');
  assert.equal(await remove('b_1'), unknownOverride);
  assert.deepEqual(await remove('b_*'), {});
  assert.equal(await remove('b_*'), unknownOverride);
  assert.equal(await get('b_1'), unknownOverride);
  assert.notEqual(await set('b_*'), first);
  assert.equal(typeof (await get('b_1')), 'object');
});

test('pages follow the ids, ten rows without a limit, and walk over every row once', async () => {
  await world.addNamespace('rlns_many', 'many');
  const rows = Array.from({ length: 23 }, (_, number) => ({
    id: `rlor_${'zYxWvUtSrQpOnMlKjIhGfEd'[number]}${number}`,
    namespace_id: 'rlns_many',
    identifier: `user_${number}`,
    limit_count: number,
    duration_ms: 1000,
    created_at_ms: 1,
  }));
  await world.database`insert into latchkey.ratelimit_overrides ${world.database(rows)}`;
  const walked: string[] = [];
  const sizes: number[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const page: unknown = await world.call(listOverrides, { namespace: 'many', cursor });
    const { rows, nextCursor } = page as {
      rows: { overrideId: string }[];
      nextCursor: string | undefined;
    };
    walked.push(...rows.map(({ overrideId }) => overrideId));
    sizes.push(rows.length);
    cursor = nextCursor;
  }
  assert.deepEqual(sizes, [10, 10, 3]);
  assert.deepEqual(walked, rows.map(({ id }) => id).sort());
  const whole = await world.call(listOverrides, { namespace: 'many', limit: 23 });
  assert.ok(typeof whole === 'object' && whole.rows.length === 23 && !whole.nextCursor);
});

test('a namespace that is missing, deleted or foreign is unknown to whoever asks', async () => {
  for (const namespace of ['missing', 'gone', 'rlns_gone', 'foreign', 'rlns_foreign', 'Email']) {
    const body = { namespace, identifier: 'user_1' };
    const limits = { limit: 1, duration: 1000 };
    const answers = [
      await world.call(setOverride, { ...body, ...limits }, callerWith()),
      await world.call(getOverride, body, callerWith()),
      await world.call(listOverrides, { namespace }, callerWith()),
      await world.call(deleteOverride, body, callerWith()),
    ];
    assert.deepEqual(answers, Array(4).fill(unknownNamespace), namespace);
  }
  const made = await world.database`
    select id from latchkey.ratelimit_namespaces where name = 'missing'`;
  assert.equal(made.length, 0);
});

test('each operation asks for its own right, for the namespace or for all', async () => {
  const overrideId = await set('guarded');
  const body = inEmail('guarded');
  const limits = { limit: 1, duration: 1000 };
  type Row = [run: Operation<never, object>, body: object, action: string, without: string];
  const rows: Row[] = [
    [setOverride, { ...body, ...limits }, 'set_override', denied],
    [getOverride, body, 'read_override', unknownOverride],
    [listOverrides, { namespace: 'email' }, 'read_override', denied],
    [deleteOverride, body, 'delete_override', denied],
  ];
  for (const [run, request, action, without] of rows) {
    for (const lacking of [[], ['ratelimit.*.limit'], [`ratelimit.email.${action}`]]) {
      const answer = await world.call(run, request as never, callerWith(...lacking));
      assert.equal(answer, without, `${action} with ${lacking}`);
    }
    for (const resource of ['*', 'rlns_email']) {
      await set('guarded');
      const caller = callerWith(`ratelimit.${resource}.${action}`);
      const answer = await world.call(run, request as never, caller);
      assert.equal(typeof answer, 'object', `${action} of ${resource}`);
    }
  }
  const now = await set('guarded');
  assert.notEqual(now, overrideId);
  const urn = (id: string) =>
    callerWith(`unkey:v1:ws_1:ratelimits/namespaces/rlns_email/overrides/${id}#read_override`);
  assert.equal(typeof (await world.call(getOverride, body, urn(now))), 'object');
  assert.equal(await world.call(getOverride, body, urn('rlor_other')), unknownOverride);
});

test('the audit log says who set what, as it was and as it is', async () => {
  await set('audited', 5, 1000);
  await set('audited', 7, 2000);
  await remove('audited');
  const events = await world.database`
    select action, actor, before, after from latchkey.audit_events
    where summary like '%override%' order by position desc limit 3`;
  assert.deepEqual(
    events.map((event) => ({ ...event })),
    [
      {
        action: 'ratelimit.delete_override',
        actor: 'key_root',
        before: '{"limit":7,"duration":2000}',
        after: null,
      },
      {
        action: 'ratelimit.set_override',
        actor: 'key_root',
        before: '{"limit":5,"duration":1000}',
        after: '{"limit":7,"duration":2000}',
      },
      {
        action: 'ratelimit.set_override',
        actor: 'key_root',
        before: null,
        after: '{"limit":5,"duration":1000}',
      },
    ],
  );
});
