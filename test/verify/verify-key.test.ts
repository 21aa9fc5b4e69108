import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type VerifyKeyBody, verifyKeyBody } from '../../src/contract/verify-key.ts';
import type { KeyRecord } from '../../src/domain/records.ts';
import { countersPerTakeMax } from '../../src/limits/window-table.ts';
import type { Decision } from '../../src/verify/verdict.ts';
import { settleSpend, settleUnknown } from '../../src/verify/verify-key.ts';
import { createRandom } from '../support/random.ts';
import { createRandomBodies } from '../support/random-bodies.ts';
import { violatedLocations } from '../support/schema-checks.ts';
import {
  type ReferenceAnswer,
  ReferenceVerification,
  randomSituation,
} from './reference-verification.ts';
import {
  callerWith,
  known,
  limitOf,
  plainApi,
  plainKey,
  SmallWorld,
  startMs,
} from './small-world.ts';

const requests = limitOf('requests', { limit: 1 });
const syntaxError = 'user/bad_request/permissions_query_syntax_error';
const unknownLimit = 'unkey/application/precondition_failed';

/** How a good key with one credit and one request a minute comes to be refused. */
type Condition = {
  answer: string;
  key?: Partial<KeyRecord>;
  body?: Partial<VerifyKeyBody>;
  arrange?: (world: SmallWorld) => void;
};

const disabledWorkspace = {
  workspaceId: 'ws_1',
  isEnabled: false,
  requestsPerMinuteMax: null,
  hasImports: false,
};
const closedApi = { ...plainApi, allowedAddresses: '10.0.0.0/8' };
const otherCaller = callerWith('api.api_2.verify_key');
const oneRequest = {
  ...{ workspaceId: 'ws_1', scope: 'requests', identifier: 'key_1' },
  ...{ durationMs: 60_000, limit: 1, cost: 1 },
};

/** Every condition that can fail, in the order of the contract. */
const conditions: readonly Condition[] = [
  { answer: 'NOT_FOUND', body: { key: 'nobody knows it' } },
  { answer: 'NOT_FOUND', key: { workspaceId: 'ws_2' } },
  { answer: 'NOT_FOUND', arrange: (world) => world.remove('api', 'api_1') },
  { answer: 'NOT_FOUND', arrange: (world) => Object.assign(world, { caller: otherCaller }) },
  { answer: syntaxError, body: { permissions: 'docs.read AND' } },
  {
    answer: 'WORKSPACE_DISABLED',
    arrange: (world) => world.put('workspace', 'ws_1', disabledWorkspace),
  },
  { answer: 'DISABLED', key: { isEnabled: false } },
  { answer: 'EXPIRED', key: { expiresAtMs: startMs - 1 } },
  { answer: 'FORBIDDEN', arrange: (world) => world.put('api', 'api_1', closedApi) },
  { answer: 'INSUFFICIENT_PERMISSIONS', body: { permissions: 'docs.write' } },
  { answer: unknownLimit, body: { ratelimits: [{ name: 'tokens' }] } },
  { answer: 'RATE_LIMITED', arrange: (world) => world.limits.take(oneRequest, startMs) },
  { answer: 'USAGE_EXCEEDED', arrange: (world) => world.credits.spend('key_1', 1) },
];

/** The answer when these conditions fail; of two that change the same, the later is left. */
function answerTo(world: SmallWorld, ...failing: readonly Condition[]): string {
  world.lease(1);
  for (const { arrange } of failing) arrange?.(world);
  const keys = failing.map(({ key }) => key);
  world.putKey(Object.assign({ hasCredits: true, limits: [requests] }, ...keys));
  return world.code(Object.assign({}, ...failing.map(({ body }) => body)));
}

test('a key for which nothing fails is valid, and each check that fails gives its answer', () => {
  assert.equal(answerTo(new SmallWorld()), 'VALID');
  for (const condition of conditions) {
    assert.equal(answerTo(new SmallWorld(), condition), condition.answer);
  }
});

test('of any two checks that fail, the earlier one decides', () => {
  for (const [place, early] of conditions.entries()) {
    for (const late of conditions.slice(place + 1)) {
      const answer = answerTo(new SmallWorld(), late, early);
      assert.equal(answer, early.answer, `with ${late.answer} at ${place}`);
    }
  }
});

test('a check that fails leaves untouched what it comes before', () => {
  for (const condition of conditions) {
    const { answer } = condition;
    const world = new SmallWorld();
    answerTo(world, condition);
    const isCounted = ['RATE_LIMITED', 'USAGE_EXCEEDED'].includes(answer);
    assert.equal(world.used(requests), isCounted ? 1 : 0, `limit after ${answer}`);
    assert.equal(world.leftCredits(), answer === 'USAGE_EXCEEDED' ? 0 : 1, `credits: ${answer}`);
  }
});

test('a verification that passes its limits has counted, even without credits', () => {
  const world = new SmallWorld();
  const limits = [limitOf('requests')];
  world.putKey({ hasCredits: true, limits });
  world.lease(3);
  const verdict = known(world.verdict({ credits: { cost: 4 } }));
  assert.equal(verdict.outcome, 'USAGE_EXCEEDED');
  assert.equal(verdict.remainingCredits, 3);
  assert.equal(verdict.spentCredits, 0);
  assert.equal(verdict.checkedLimits[0]?.remaining, 4);
  assert.equal(world.used(limitOf('requests')), 1);
  assert.equal(world.leftCredits(), 3);
});

test('a use costs one credit or what the request says, and the answer tells the rest', () => {
  const world = new SmallWorld();
  world.putKey({ hasCredits: true });
  world.lease(10);
  const verdict = known(world.verdict());
  assert.deepEqual([verdict.remainingCredits, verdict.spentCredits], [9, 1]);
  assert.equal(known(world.verdict({ credits: { cost: 9 } })).remainingCredits, 0);
  assert.equal(world.code(), 'USAGE_EXCEEDED');
});

test('cost 0 passes with no credits left and spends none', () => {
  const world = new SmallWorld();
  world.putKey({ hasCredits: true });
  world.lease(0);
  const verdict = known(world.verdict({ credits: { cost: 0 } }));
  assert.deepEqual([verdict.outcome, verdict.remainingCredits], ['VALID', 0]);
  assert.equal(verdict.spentCredits, 0);
});

test('without limited credits the cost does not matter, and no credits are told', () => {
  const world = new SmallWorld();
  world.lease(1);
  const verdict = known(world.verdict({ credits: { cost: 1000 } }));
  assert.equal(verdict.outcome, 'VALID');
  assert.equal(verdict.remainingCredits, undefined);
  assert.equal(verdict.spentCredits, 0);
  assert.equal(world.leftCredits(), 1);
});

test('credits are asked for where the lease does not suffice, and nowhere else', () => {
  const world = new SmallWorld();
  world.putKey({ hasCredits: true });
  const first = world.decide({ credits: { cost: 3 } });
  assert.equal(first.kind, 'pending');
  world.lease(2);
  const second = world.decide({ credits: { cost: 3 } });
  assert.equal(second.kind === 'pending' && second.pending.cost, 3);
  assert.equal(world.leftCredits(), 2);
  assert.equal(world.decide({ credits: { cost: 2 } }).kind, 'verdict');
  world.putKey({ hasCredits: false });
  assert.equal(world.decide({ credits: { cost: 3 } }).kind, 'verdict');
});

test('what has failed before the credits asks only what is left, and stays as it is', () => {
  const world = new SmallWorld();
  world.putKey({ hasCredits: true, isEnabled: false });
  const decision = world.decide({ credits: { cost: 3 } });
  assert.equal(decision.kind, 'pending');
  assert.equal(decision.kind === 'pending' && decision.pending.cost, 0);
  if (decision.kind !== 'pending') return;
  const verdict = known(settleSpend(decision.pending, { outcome: 'spent', left: 7 }));
  assert.equal(verdict.outcome, 'DISABLED');
  assert.deepEqual([verdict.remainingCredits, verdict.spentCredits], [7, 0]);
});

test('while credits cannot be asked for, what does not depend on them is decided', () => {
  const world = new SmallWorld();
  const settledAs = (part: Partial<KeyRecord>, cost: number) => {
    world.putKey({ hasCredits: true, ...part });
    const decision = world.decide({ credits: { cost } });
    assert.equal(decision.kind, 'pending');
    return decision.kind === 'pending' ? settleUnknown(decision.pending) : undefined;
  };
  assert.equal(settledAs({ isEnabled: false }, 3)?.outcome, 'DISABLED');
  const look = settledAs({}, 0);
  assert.deepEqual([look?.outcome, look?.remainingCredits], ['VALID', undefined]);
  assert.equal(settledAs({}, 1), undefined);
});

test('the root key needs a grant for the API or for the key, tuple or URN', () => {
  const urn = (path: string) => `unkey:v1:ws_1:${path}#verify_key`;
  const good = ['api.*.verify_key', 'api.api_1.verify_key', urn('keyspaces/ks_1/keys/key_1')];
  good.push(urn('keyspaces/ks_1/keys/*'), urn('keyspaces/*/keys/*'), urn('keyspaces/**'));
  good.push('unkey:v1:ws_1:**#*');
  const bad = ['api.api_2.verify_key', 'api.*.read_key', 'api.*', '*', 'API.*.VERIFY_KEY'];
  bad.push(urn('keyspaces/ks_2/keys/*'), urn('keyspaces/ks_1/keys/key_2'), urn('keyspaces/*'));
  bad.push('unkey:v1:ws_2:**#*', 'unkey:v1:ws_1:keyspaces/ks_1/keys/key_1#read_key');
  const world = new SmallWorld();
  for (const [expected, grants] of [['VALID', good] as const, ['NOT_FOUND', bad] as const]) {
    for (const grant of grants) {
      world.caller = callerWith(grant);
      assert.equal(world.code(), expected, grant);
    }
  }
});

test('every key that is not visible gives the very same verdict', () => {
  const world = new SmallWorld();
  const body = { permissions: 'broken (', ratelimits: [{ name: 'unknown' }], tags: ['a'] };
  const verdicts = [world.verdict({ ...body, key: 'nobody knows it' })];
  world.putKey({ workspaceId: 'ws_2', isEnabled: false, hasCredits: true });
  verdicts.push(world.verdict(body));
  world.putKey({ apiId: 'api_deleted' });
  verdicts.push(world.verdict(body));
  for (const verdict of verdicts) assert.deepEqual(verdict, { outcome: 'NOT_FOUND' });
});

test('a wrong permission query says where it is wrong', () => {
  const decision = new SmallWorld().decide({ permissions: 'docs.read OR (docs.write' });
  assert.equal(decision.kind, 'fault');
  const detail = decision.kind === 'fault' ? decision.fault.detail : '';
  assert.match(detail, /Missing closing parenthesis at position 24/);
});

test('an unknown limit is named with the key and its identity, or that there is none', () => {
  const world = new SmallWorld();
  const detailOf = () => {
    const decision = world.decide({ ratelimits: [{ name: 'tokens' }] });
    return decision.kind === 'fault' ? decision.fault.detail : '';
  };
  assert.match(detailOf(), /"tokens".*key_1.*no identity/);
  world.putIdentity();
  world.putKey({ identityId: 'id_1' });
  assert.match(detailOf(), /"tokens".*key_1.*id_1.*user_1/);
});

test('the same limits are exceeded together or counted together', () => {
  const world = new SmallWorld();
  const [few, many] = [limitOf('few', { limit: 1 }), limitOf('many')];
  world.putKey({ limits: [few, many] });
  assert.equal(world.code(), 'VALID');
  const refused = known(world.verdict());
  assert.equal(refused.outcome, 'RATE_LIMITED');
  const found = refused.checkedLimits.map((limit) => [limit.name, limit.isExceeded]);
  assert.deepEqual(found, [['few', true] as const, ['many', false] as const]);
  assert.equal(refused.checkedLimits[1]?.remaining, 4);
  assert.equal(world.used(many), 1);
  assert.equal(refused.checkedLimits[0]?.resetAtMs, startMs + 60_000);
});

test('more limits than can be checked at once are the request’s fault, and count nothing', () => {
  const world = new SmallWorld();
  world.putKey({ limits: [requests] });
  const own = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ name: `own_${n}`, limit: 9, duration: 60_000 }));
  assert.equal(
    world.code({ ratelimits: own(countersPerTakeMax) }),
    'unkey/application/invalid_input',
  );
  assert.equal(world.used(requests), 0);
  assert.equal(world.code({ ratelimits: own(countersPerTakeMax - 1) }), 'VALID');
});

test('no request that follows its schema makes it throw', () => {
  const world = new SmallWorld();
  world.putIdentity({ limits: [limitOf('shared')] });
  world.putRole('admin', 'docs.read');
  world.putKey({
    ...{ identityId: 'id_1', hasCredits: true, roleIds: ['role_admin', 'role_gone'] },
    limits: [limitOf('requests', { limit: Number.MAX_SAFE_INTEGER })],
  });
  world.lease(1_000_000);
  const nextBody = createRandomBodies(verifyKeyBody, 20);
  let checkedCount = 0;
  for (let round = 0; round < 3000; round += 1) {
    const body = nextBody();
    if (violatedLocations(verifyKeyBody, body).length > 0) continue;
    world.decide({ ...(body as VerifyKeyBody), key: plainKey });
    world.decide(body as VerifyKeyBody);
    checkedCount += 1;
  }
  assert.ok(checkedCount > 300, `${checkedCount} bodies followed the schema`);
});

test('in random situations it answers, counts and spends as a naive reference does', () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const random = createRandom(seed);
    const world = new SmallWorld();
    world.lease(40);
    const reference = new ReferenceVerification(40);
    for (let step = 0; step < 150; step += 1) {
      const situation = randomSituation(random);
      reference.arrange(world, situation);
      const expected = reference.verify(situation);
      const place = `seed ${seed}, step ${step}`;
      assert.deepEqual(seen(world.decide(situation.body)), expected, place);
      assert.equal(world.leftCredits(), reference.credits, `${place}: credits`);
    }
  }
});

/** A decision in the form of the reference's answer. */
function seen(decision: Decision): ReferenceAnswer {
  if (decision.kind === 'fault') return { answer: decision.fault.code, limits: [] };
  assert.notEqual(decision.kind, 'first-use');
  if (decision.kind === 'first-use') return { answer: '', limits: [] };
  const found = decision.kind === 'verdict' ? decision.verdict : decision.pending;
  const answer = 'outcome' in found ? found.outcome : 'USAGE_EXCEEDED';
  const checked = 'checkedLimits' in found ? found.checkedLimits : [];
  const limits = checked.map(({ name, remaining, isExceeded }) => ({
    name,
    remaining,
    isExceeded,
  }));
  return { answer, limits: limits.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}
