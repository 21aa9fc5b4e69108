import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type AnalyticsOutcome, analyticsCalls } from '../../src/analytics/analytics-calls.ts';
import { usageResult } from '../../src/contract/analytics.ts';
import { compileGrants, fullAdminPermission } from '../../src/domain/grants.ts';
import { violatedLocations } from '../support/schema-checks.ts';
import { dayMs, openWorld, type World } from './analytics-world.ts';

const apis = [
  { apiId: 'api_zero', keyspaceId: 'ks_0' },
  { apiId: 'api_one', keyspaceId: 'ks_1' },
];
const count = { query: 'SELECT count() AS n FROM key_verifications_v1' };

let world: World;
let askedCount = 0;
let queriesLeft = Number.POSITIVE_INFINITY;
let isDatabaseAway = false;

before(async () => {
  world = await openWorld();
});
after(() => world.close());

function call(name: string, body: object, ...permissions: string[]): Promise<AnalyticsOutcome> {
  const store = world.store('restricted');
  const calls = analyticsCalls({
    store,
    async facts(workspaceId) {
      askedCount += 1;
      assert.equal(workspaceId, 'ws_a');
      if (isDatabaseAway) throw new Error('the database is away');
      return { retentionDays: 30, apis };
    },
    takeQuery: () => queriesLeft-- > 0,
  });
  const grants = compileGrants('ws_a', permissions);
  const caller = { rootKeyId: 'root_1', workspaceId: 'ws_a', grants };
  const found = calls.find((one) => one.name === `analytics.${name}`);
  assert.ok(found);
  return found.run(caller, body);
}

async function rows(name: string, body: object, ...permissions: string[]) {
  const outcome = await call(name, body, ...permissions);
  assert.ok(outcome.ok && 'resultJson' in outcome, JSON.stringify(outcome));
  return JSON.parse(outcome.resultJson);
}

async function code(name: string, body: object, ...permissions: string[]) {
  const outcome = await call(name, body, ...permissions);
  return outcome.ok ? 'answered' : outcome.fault.code;
}

async function usage(body: object, ...permissions: string[]) {
  const outcome = await call('getUsage', body, ...permissions);
  assert.ok(outcome.ok && 'result' in outcome, JSON.stringify(outcome));
  assert.deepEqual(violatedLocations(usageResult, outcome.result), []);
  // biome-ignore lint/suspicious/noExplicitAny: what a test reads of an answer, it asserts.
  return outcome.result as any;
}

const whole = 'api.*.read_analytics';

/** How many events of the last 30 days, the retention, are of one of these APIs. */
function countOf(...keyspaceIds: string[]): number {
  const startMs = world.nowMs - 30 * dayMs;
  const kept = world.events.filter(({ timeMs }) => timeMs >= startMs);
  return kept.filter(({ keyspaceId }) => keyspaceIds.includes(keyspaceId)).length;
}

test('whoever may read all of a workspace sees all of it, also as its administrator', async () => {
  const [{ n }] = await rows('getVerifications', count, whole);
  assert.equal(n, countOf('ks_0', 'ks_1'));
  assert.deepEqual(await rows('getVerifications', count, fullAdminPermission('ws_a')), [{ n }]);
});

test('a right to one API shows the rows of its keys; to none that exists, none', async () => {
  const [{ n }] = await rows('getVerifications', count, 'api.api_one.read_analytics');
  assert.equal(n, countOf('ks_1'));
  const both = ['api.api_one.read_analytics', 'api.api_zero.read_analytics'];
  assert.deepEqual(await rows('getVerifications', count, ...both), [
    { n: countOf('ks_0', 'ks_1') },
  ]);
  const unknown = 'api.api_else.read_analytics';
  assert.deepEqual(await rows('getVerifications', count, unknown), [{ n: 0 }]);
});

test('a right to one namespace shows its decisions alone', async () => {
  const query = { query: 'SELECT DISTINCT namespace_id AS n FROM ratelimits_v1 ORDER BY n' };
  assert.deepEqual(await rows('getRatelimits', query, 'ratelimit.rlns_2.read_analytics'), [
    { n: 'rlns_2' },
  ]);
  const all = await rows('getRatelimits', query, 'ratelimit.*.read_analytics');
  assert.equal(all.length, 2);
});

test('without the right nothing is looked up, and the refusal says which right it is', async () => {
  askedCount = 0;
  for (const [name, missing] of [
    ['getVerifications', 'api.*.read_analytics'],
    ['getRatelimits', 'ratelimit.*.read_analytics'],
    ['getUsage', 'api.*.read_analytics'],
  ] as const) {
    const other = name === 'getRatelimits' ? whole : 'ratelimit.*.read_analytics';
    for (const held of [[], ['api.*.*'], ['api.*.read_api'], [other]]) {
      const outcome = await call(name, { ...count, from: 0 }, ...held);
      assert.deepEqual(outcome, {
        ok: false,
        fault: {
          code: 'unkey/authorization/insufficient_permissions',
          detail: `Missing permission: '${missing}'`,
        },
      });
    }
  }
  assert.equal(askedCount, 0);
});

test('past the quota a query is refused, after the right was found good', async () => {
  queriesLeft = 1;
  try {
    assert.equal(await code('getVerifications', count, whole), 'answered');
    const quota = 'user/too_many_requests/query_quota_exceeded';
    assert.equal(await code('getVerifications', count, whole), quota);
    assert.equal(await code('getUsage', { from: 0 }, whole), quota);
    const denied = 'unkey/authorization/insufficient_permissions';
    assert.equal(await code('getVerifications', count), denied);
  } finally {
    queriesLeft = Number.POSITIVE_INFINITY;
  }
});

test('with PostgreSQL away the caller is told to try again', async () => {
  isDatabaseAway = true;
  try {
    const expected = 'unkey/application/service_unavailable';
    assert.equal(await code('getVerifications', count, whole), expected);
  } finally {
    isDatabaseAway = false;
  }
});

test('usage adds up: in all, by group, and over time', async () => {
  const from = world.nowMs - 7 * dayMs;
  const events = world.events.filter(({ timeMs }) => timeMs >= from - (from % dayMs));
  for (const [groupBy, groupCount] of [
    ['outcome', 3],
    ['key', 12],
    ['identity', 12],
    ['api', 2],
  ] as const) {
    const body = { from, granularity: 'day', groupBy, top: 20 };
    const { total, groups, series, ...rest } = await usage(body, whole);
    assert.deepEqual(rest, {
      ...{ from: from - (from % dayMs), to: world.nowMs },
      groupBy,
      granularity: 'day',
    });
    assert.equal(total.count, events.length, groupBy);
    assert.equal(total.spentCredits, events.length);
    assert.equal(groups.length, groupCount, groupBy);
    assert.equal(sumOf(groups), total.count);
    assert.equal(sumOf(series), total.count);
    const valid = events.filter(({ outcome }) => outcome === 'VALID').length;
    assert.equal(total.outcomes.VALID, valid);
    const apiIds = groups.map(({ group }: { group: string }) => group);
    if (groupBy === 'api') assert.deepEqual(apiIds.sort(), ['api_one', 'api_zero']);
  }
});

const sumOf = (items: { count: number }[]) => items.reduce((sum, item) => sum + item.count, 0);

test('refusals are shown with their reason, and the keys that met them', async () => {
  const from = world.nowMs - 3 * dayMs;
  const { total, groups } = await usage({ from, refusedOnly: true }, whole);
  assert.deepEqual(Object.keys(total.outcomes).sort(), ['EXPIRED', 'RATE_LIMITED']);
  assert.deepEqual(groups.map(({ group }: { group: string }) => group).sort(), [
    'EXPIRED',
    'RATE_LIMITED',
  ]);
  const top = await usage({ from, refusedOnly: true, groupBy: 'key', top: 3 }, whole);
  assert.equal(top.groups.length, 3);
  assert.ok(top.groups[0].count >= top.groups[2].count);
  assert.equal(top.groups[0].outcomes.VALID, undefined);
});

test('usage can be narrowed to an API, a key, an identity or a tag', async () => {
  const from = world.nowMs - 7 * dayMs;
  const start = from - (from % 3_600_000);
  const within = world.events.filter(({ timeMs }) => timeMs >= start);
  const total = async (filter: object) =>
    (await usage({ from, granularity: 'hour', top: 5, ...filter }, whole)).total.count;
  const counted = (is: (event: World['events'][number]) => boolean) => within.filter(is).length;
  assert.equal(
    await total({ apiId: 'api_one' }),
    counted((one) => one.keyspaceId === 'ks_1'),
  );
  assert.equal(await total({ apiId: 'api_unknown' }), 0);
  assert.equal(
    await total({ keyId: 'key_3' }),
    counted((one) => one.keyId === 'key_3'),
  );
  assert.equal(
    await total({ externalId: 'user_key_3' }),
    counted((one) => one.keyId === 'key_3'),
  );
  assert.equal(
    await total({ tag: 'env=prod' }),
    counted((one) => one.tags.length > 0),
  );
  const byTag = await usage({ from, granularity: 'hour', groupBy: 'tag', top: 5 }, whole);
  const names = byTag.groups.map(({ group }: { group: string }) => group);
  assert.deepEqual(new Set(names), new Set(['', 'env=prod', 'path=/v0', 'path=/v1']));
});

test('usage of a root key with a right to one API is that of this API', async () => {
  const body = { from: world.nowMs - 7 * dayMs, groupBy: 'api' };
  const { groups } = await usage(body, 'api.api_zero.read_analytics');
  assert.deepEqual(
    groups.map(({ group }: { group: string }) => group),
    ['api_zero'],
  );
});

test('a bucket is chosen that gives about a hundred, and its whole length counts', async () => {
  for (const [days, granularity] of [
    [0.05, 'minute'],
    [2, 'hour'],
    [29, 'day'],
  ] as const) {
    const result = await usage({ from: world.nowMs - days * dayMs }, whole);
    assert.equal(result.granularity, granularity);
    assert.ok(result.from <= world.nowMs - days * dayMs);
  }
  const month = await usage({ from: world.nowMs - dayMs, granularity: 'month' }, whole);
  assert.equal(new Date(month.from).getUTCDate(), 1);
});

test('a range that cannot be shown is refused with the reason', async () => {
  const { nowMs } = world;
  const invalid = 'unkey/application/invalid_input';
  assert.equal(await code('getUsage', { from: nowMs + 1 }, whole), invalid);
  assert.equal(await code('getUsage', { from: nowMs - dayMs, to: nowMs - dayMs }, whole), invalid);
  const long = { from: nowMs - 20 * dayMs, granularity: 'minute' };
  assert.equal(await code('getUsage', long, whole), invalid);
  const old = { from: nowMs - 40 * dayMs };
  const retention = 'user/bad_request/query_range_exceeds_retention';
  assert.equal(await code('getUsage', old, whole), retention);
});
