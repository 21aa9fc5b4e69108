/**
 * What the native engine answers, TypeScript would answer alike: with the same bytes, events and
 * counts, and what TypeScript would not answer so is declined before anything has happened.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { keyHash } from '../../src/domain/key-hash.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { KeyRecord } from '../../src/domain/records.ts';
import type { ReplicaChange } from '../../src/keys/replica-change.ts';
import { limitOf, plainRecord } from '../verify/small-world.ts';
import type { Answered, Asked } from './captured-app.ts';
import { openSides, type Sides } from './compared-sides.ts';
import { createDice, spanMs } from './key-facts.ts';
import { VerificationRequests, verifyKeyPath, verifyKeysPath } from './verification-requests.ts';
import { VerificationWorld } from './verification-world.ts';

const quickOutcomes: Outcome[] = [
  ...(['VALID', 'NOT_FOUND', 'INSUFFICIENT_PERMISSIONS'] as const),
  ...(['RATE_LIMITED', 'DISABLED', 'EXPIRED'] as const),
];

async function openWorld(seed: number, options: Parameters<typeof openSides>[0] = {}) {
  const world = new VerificationWorld(seed);
  const sides = await openSides(options);
  after(() => sides.close());
  await sides.apply(world.changes());
  for (const [at, { record }] of world.keys.entries()) {
    if (record.hasCredits && at % 3 > 0) sides.lease(record.keyId, at % 3 === 1 ? 1000 : 2);
  }
  const dice = createDice(seed + 1);
  return { world, sides, dice, requests: new VerificationRequests(world, dice) };
}

type World = Awaited<ReturnType<typeof openWorld>>;

/** So many requests, each compared; how often the engine has given which outcome. */
async function compareMany({ world, sides, dice }: World, count: number, next: () => Asked) {
  const seen = new Map<string, number>();
  for (let round = 0; round < count; round += 1) {
    if (dice.chance(0.04)) await sides.apply(world.change());
    if (dice.chance(0.3)) sides.wait(dice.below((4 * spanMs) / count));
    const { answered } = sides.quick.counts;
    const { outcomes } = await sides.ask(next());
    if (sides.quick.counts.answered === answered) continue;
    for (const outcome of outcomes) seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
  }
  return seen;
}

test('random requests get the same answers, leave the same events, count the same', async () => {
  const opened = await openWorld(1);
  const count = 3000;
  const seen = await compareMany(opened, count, () => opened.requests.one());
  for (const outcome of quickOutcomes) {
    const times = seen.get(outcome) ?? 0;
    assert.ok(times >= 20, `the engine answered ${outcome} ${times} times`);
  }
  assert.equal(seen.size, quickOutcomes.length);
  const { answered } = opened.sides.quick.counts;
  assert.ok(answered > count / 3, `the engine answered ${answered} of ${count}`);
});

test('where there are more limits than the table holds, the same are refused', async () => {
  const opened = await openWorld(5, { bucketCount: 4 });
  const seen = await compareMany(opened, 600, () => opened.requests.one());
  const { refusedCount } = opened.sides.quick.windows.occupancy(0);
  assert.ok(refusedCount > 10, `${refusedCount} were refused for want of a slot`);
  assert.ok((seen.get('RATE_LIMITED') ?? 0) > 5);
});

test('random lists get the same answers, also where segments are small', async () => {
  const opened = await openWorld(9, { segmentBytes: 4096 });
  await compareMany(opened, 150, () => opened.requests.list(40));
  const { answered, declined, leftOver } = opened.sides.quick.counts;
  assert.ok(answered > 600, `the engine answered ${answered}`);
  assert.ok(declined > 150, `the engine declined ${declined}`);
  assert.ok(leftOver > 10, `${leftOver} events did not fit`);
});

/** A key of the first workspace, which the first root key may ask about. */
function keyOf(plaintext: string, part: Partial<KeyRecord> = {}): ReplicaChange {
  const own = { keyId: `key_${plaintext}`, workspaceId: 'ws_a', apiId: 'api_a_0' };
  const record = { ...plainRecord, ...own, ...part };
  return { kind: 'key', hash: keyHash(plaintext), hashKind: 0, record };
}

/** Of the answer to a list. */
function dataOf({ rest }: Answered) {
  return JSON.parse(`{"meta":{"requestId":"${rest}`).data;
}

const usual = { contentType: 'application/json', isSplit: false };
const authorization = 'Bearer token_a_admin';

function asked(item: object): Asked {
  const path = Array.isArray(item) ? verifyKeysPath : verifyKeyPath;
  return { ...usual, path, authorization, body: Buffer.from(JSON.stringify(item)) };
}

test('in a list the engine answers the usual ones, and each answer is in its place', async () => {
  const { sides } = await openWorld(13);
  const limits = [limitOf('requests', { limit: 3 })];
  await sides.apply([
    ...[keyOf('good', { limits }), keyOf('off', { isEnabled: false })],
    // What is asked for when a lease lacks depends on the end of the id.
    ...[
      keyOf('leased', { hasCredits: true, keyId: 'k7' }),
      keyOf('bought', { hasCredits: true, keyId: 'k2' }),
    ],
    ...[
      keyOf('poor', { hasCredits: true, keyId: 'k3' }),
      keyOf('lost', { hasCredits: true, keyId: 'k0' }),
    ],
    ...[keyOf('freed', { hasCredits: true, keyId: 'k1' }), keyOf('here', { apiId: 'api_a_2' })],
  ]);
  sides.lease('k7', 1);
  const keys = ['good', 'leased', 'unknown', 'bought', 'good', 'off', 'poor', 'here', 'leased'];
  const items = [...keys, 'lost', 'good', 'freed', 'good'].map((key) => ({ key }));
  const { answered } = await sides.ask(asked([...items, { key: 'good', permissions: 'AND' }]));
  type Item = { code?: string; error?: { status: number } };
  const codes = dataOf(answered).map((item: Item) => item.code ?? item.error?.status);
  const first = ['VALID', 'VALID', 'NOT_FOUND', 'VALID', 'VALID', 'DISABLED', 'USAGE_EXCEEDED'];
  const last = ['VALID', 'USAGE_EXCEEDED', 500, 'VALID', 'VALID', 'RATE_LIMITED', 400];
  assert.deepEqual(codes, [...first, ...last]);
  assert.equal(sides.quick.counts.answered, 6);
  assert.equal(sides.quick.counts.declined, 8);
});

/** Keys whose answers are large, each for a reason of its own; the last is too large by itself. */
function largeKeys(world: VerificationWorld): { keys: string[]; changes: ReplicaChange[] } {
  const [, large, , huge] = world.keys.map(({ record }) => record.metaJson);
  const metaJson = large as string;
  const owner = {
    identityId: 'id_large',
    workspaceId: 'ws_a',
    externalId: 'one',
    metaJson,
    limits: [],
  };
  const caller = {
    ...owner,
    identityId: 'id_long',
    externalId: '\u0001'.repeat(3500),
    metaJson: '',
  };
  const name = '漢'.repeat(20_000);
  const wide = { roleId: 'role_wide', workspaceId: 'ws_a', name, permissionIds: [] };
  const identities: ReplicaChange[] = [owner, caller].map((record) => {
    return { kind: 'identity', id: record.identityId, record };
  });
  return {
    keys: ['meta', 'owned', 'called', 'named', 'wide', 'huge'],
    changes: [
      ...[...identities, { kind: 'role', id: 'role_wide', record: wide } as const],
      ...[keyOf('meta', { metaJson }), keyOf('owned', { identityId: 'id_large' })],
      ...[keyOf('called', { identityId: 'id_long' }), keyOf('wide', { roleIds: ['role_wide'] })],
      ...[
        keyOf('named', { name: '\u0001'.repeat(12_000) }),
        keyOf('huge', { metaJson: huge as string }),
      ],
    ],
  };
}

test('a list is answered in pieces where the engine has too little room for it', async () => {
  const { sides, world, dice } = await openWorld(17, { segmentBytes: 4096 });
  const { keys, changes } = largeKeys(world);
  await sides.apply(changes);
  const [counts, count] = [sides.quick.counts, 60];
  for (const odds of keys.slice(0, -1)) {
    const list = Array.from({ length: count }, () => ({ key: dice.pick([odds, odds, ...keys]) }));
    const [answered, hugeCount] = [
      counts.answered,
      list.filter(({ key }) => key === 'huge').length,
    ];
    await sides.ask(asked(list));
    assert.equal(counts.answered - answered, count - hugeCount);
    assert.ok(counts.pieceCount > hugeCount + 5);
  }
  const { answered } = counts;
  await sides.ask(asked({ key: 'huge' }));
  assert.equal(counts.answered, answered);
});

test('a list of a thousand is answered by the engine, and one more not', async () => {
  const { sides } = await openWorld(19, { segmentBytes: 4096 });
  await sides.ask(asked(Array(1000).fill({ key: 'unknown' })));
  assert.equal(sides.quick.counts.answered, 1000);
  assert.ok(sides.quick.counts.leftOver >= 10, `${sides.quick.counts.leftOver} did not fit`);
  await sides.ask(asked(Array(1001).fill({ key: 'unknown' })));
  assert.equal(sides.quick.counts.answered, 1000);
});

test('an event that is too large for the engine is left to TypeScript', async () => {
  const { sides } = await openWorld(22);
  const lengths = Array.from({ length: 30 }, (_, at) => 3800 + at * 10);
  await sides.apply(everything());
  for (const length of lengths) {
    await sides.apply([changes.identity('e'.repeat(length))]);
    await sides.ask(question);
  }
  const { answered, declined } = sides.quick.counts;
  assert.ok(answered > 5 && declined > 5, `${answered} answered, ${declined} declined`);
});

test('each root key may know of the keys that it is for, and of no others', async () => {
  const { sides, world } = await openWorld(23);
  const found = new Map<string, number>();
  for (const { token, record } of world.rootKeys.filter(({ token }) =>
    token.startsWith('token_a'),
  )) {
    for (const { plaintext } of world.keys.slice(0, 12)) {
      const request = { ...asked({ key: plaintext }), authorization: `Bearer ${token}` };
      const { outcomes } = await sides.ask(request);
      const isFound = outcomes.length > 0 && outcomes[0] !== 'NOT_FOUND';
      found.set(record.rootKeyId, (found.get(record.rootKeyId) ?? 0) + (isFound ? 1 : 0));
    }
  }
  assert.equal(found.get('root_a_one-key'), 1);
  assert.equal(found.get('root_a_nothing'), 0);
  assert.ok((found.get('root_a_admin') ?? 0) > (found.get('root_a_one-api') ?? 0));
  assert.ok((found.get('root_a_one-api') ?? 0) >= 4);
  assert.ok(sides.quick.counts.answered > 40, `the engine answered ${sides.quick.counts.answered}`);
});

test('a list goes on when all that the engine has learned is forgotten in its midst', async () => {
  const { sides } = await openWorld(21);
  await sides.apply([keyOf('good'), keyOf('leased', { hasCredits: true })]);
  sides.lease('key_leased', 1000);
  sides.beforeClock(() => sides.raise());
  const list = Array.from({ length: 50 }, (_, at) => ({ key: at % 5 === 4 ? 'leased' : 'good' }));
  await sides.ask(asked(list));
  sides.beforeClock(undefined);
  assert.equal(sides.quick.counts.answered, 40);
});

const identity = {
  ...{ identityId: 'id_new', workspaceId: 'ws_a', externalId: 'before', metaJson: '', limits: [] },
};
const role = { roleId: 'role_new', workspaceId: 'ws_a', name: 'new', permissionIds: ['perm_new'] };
const permission = { permissionId: 'perm_new', workspaceId: 'ws_a', slug: 'new.read' };
const api = { apiId: 'api_new', workspaceId: 'ws_a', keyspaceId: 'ks_new', name: '' };
const record = { apiId: 'api_new', identityId: 'id_new', roleIds: ['role_new'] };
const rootKey = { rootKeyId: 'root_new', workspaceId: 'ws_a', isEnabled: true, expiresAtMs: 0 };
const workspace = {
  workspaceId: 'ws_a',
  isEnabled: true,
  requestsPerMinuteMax: null,
  hasImports: false,
};

const changes = {
  key: (part: Partial<KeyRecord> = {}) => keyOf('new', { ...record, ...part }),
  noKey: () => ({ ...keyOf('new'), record: undefined }) as ReplicaChange,
  role: (part: Partial<typeof role> = {}): ReplicaChange => {
    return { kind: 'role', id: 'role_new', record: { ...role, ...part } };
  },
  permission: (slug: string | undefined): ReplicaChange => {
    const changed = slug === undefined ? undefined : { ...permission, slug };
    return { kind: 'permission', id: 'perm_new', record: changed };
  },
  api: (allowedAddresses = ''): ReplicaChange => {
    return { kind: 'api', id: 'api_new', record: { ...api, allowedAddresses } };
  },
  identity: (externalId: string): ReplicaChange => {
    return { kind: 'identity', id: 'id_new', record: { ...identity, externalId } };
  },
  rootKey: (permission = 'api.*.verify_key', isEnabled = true): ReplicaChange => {
    const changed = { ...rootKey, isEnabled, permissions: [permission] };
    return { kind: 'rootKey', id: 'root_new', hash: keyHash('token_new'), record: changed };
  },
  workspace: (part: { isEnabled?: boolean; requestsPerMinuteMax?: number } = {}): ReplicaChange => {
    return { kind: 'workspace', id: 'ws_a', record: { ...workspace, ...part } };
  },
};

function everything(): ReplicaChange[] {
  return [
    ...[changes.key(), changes.role(), changes.permission('new.read'), changes.api()],
    ...[changes.identity('before'), changes.rootKey(), changes.workspace()],
  ];
}

const question: Asked = {
  ...asked({ key: 'new', permissions: 'new.read' }),
  authorization: 'Bearer token_new',
};

/** Asks twice: what is in the answer both times, and who gave it. */
async function expectNext(sides: Sides, text: string, by: 'engine' | 'TypeScript'): Promise<void> {
  for (const _ of [1, 2]) {
    const { answered, declined } = sides.quick.counts;
    const body = (await sides.ask(question)).answered.rest.toString();
    assert.ok(body.includes(text), `${text} is not in ${body}`);
    const counted = sides.quick.counts.answered - answered;
    assert.equal(counted, by === 'engine' ? 1 : 0, `${text} was answered by the other`);
    assert.equal(sides.quick.counts.declined - declined, 1 - counted);
  }
}

test('the very next answer knows of each change', async () => {
  const { sides } = await openWorld(25);
  const refused = '"code":"INSUFFICIENT_PERMISSIONS"';
  const steps: [ReplicaChange, string, 'engine' | 'TypeScript'][] = [
    [changes.key({ isEnabled: false }), '"code":"DISABLED"', 'engine'],
    [changes.key({ expiresAtMs: 1 }), '"code":"EXPIRED"', 'engine'],
    [changes.key({ name: 'é' }), '"name":"é"', 'engine'],
    [changes.key({ roleIds: [] }), refused, 'engine'],
    [changes.key({ apiId: 'api_gone' }), '"code":"NOT_FOUND"', 'TypeScript'],
    [changes.noKey(), '"code":"NOT_FOUND"', 'engine'],
    [changes.role({ permissionIds: [] }), refused, 'engine'],
    [changes.role({ name: 'neu' }), '"roles":["neu"]', 'engine'],
    [changes.permission('new.write'), '"permissions":["new.write"]', 'engine'],
    [changes.permission(undefined), refused, 'engine'],
    [changes.api('203.0.113.9'), '"code":"FORBIDDEN"', 'TypeScript'],
    [changes.api('192.0.2.1'), '"code":"VALID"', 'TypeScript'],
    [changes.identity('after'), '"externalId":"after"', 'engine'],
    [changes.rootKey('api.*.read_key'), '"code":"NOT_FOUND"', 'engine'],
    [changes.rootKey('api.*.verify_key', false), 'The root key is disabled', 'TypeScript'],
    [{ kind: 'rootKey', id: 'root_new', record: undefined }, 'was not found', 'TypeScript'],
    [changes.workspace({ isEnabled: false }), 'root key is disabled', 'TypeScript'],
    [changes.workspace({ requestsPerMinuteMax: 0 }), 'may make 0 API requests', 'TypeScript'],
    [changes.workspace({ requestsPerMinuteMax: 100 }), '"code":"VALID"', 'TypeScript'],
  ];
  for (const [change, text, by] of steps) {
    await sides.apply(everything());
    await expectNext(sides, '"code":"VALID"', 'engine');
    await sides.apply([change]);
    await expectNext(sides, text, by);
  }
  await sides.apply(everything());
  await sides.switchTo('other.mdb', [...everything(), changes.key({ isEnabled: false })]);
  await expectNext(sides, '"code":"DISABLED"', 'engine');
});

test('keys and root keys expire at their instants, not after them', async () => {
  const { sides } = await openWorld(29);
  const dueMs = sides.nowMs() + 10;
  const expiring = { ...rootKey, permissions: ['api.*.verify_key'], expiresAtMs: dueMs + 5 };
  const hash = keyHash('token_new');
  await sides.apply([
    ...[...everything(), changes.key({ expiresAtMs: dueMs })],
    { kind: 'rootKey', id: 'root_new', hash, record: expiring },
  ]);
  sides.wait(10);
  await expectNext(sides, '"code":"VALID"', 'engine');
  sides.wait(1);
  await expectNext(sides, '"code":"EXPIRED"', 'engine');
  sides.wait(4);
  await expectNext(sides, '"code":"EXPIRED"', 'engine');
  sides.wait(1);
  await expectNext(sides, 'The root key has expired', 'TypeScript');
});
