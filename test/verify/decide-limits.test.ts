import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { type LimitBody, multiLimitBody } from '../../src/contract/ratelimit.ts';
import { compileGrants, fullAdminPermission } from '../../src/domain/grants.ts';
import type { Principal } from '../../src/domain/principal.ts';
import type { NamespaceRecord, OverrideConfig } from '../../src/domain/records.ts';
import { compileNamespace } from '../../src/limits/namespace.ts';
import { prepareWindowTable } from '../../src/limits/prepare-window-table.ts';
import { countersPerTakeMax, WindowTable } from '../../src/limits/window-table.ts';
import { decideLimit, decideLimits, type LimitDecision } from '../../src/verify/decide-limits.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-decide-'));
const tablePath = join(folder, 'windows');
prepareWindowTable(tablePath, 4096, 0);
/** The first instant of a minute. */
let nowMs = 1_800_000_000_000;
const counters = new WindowTable(tablePath, () => nowMs);
let records: NamespaceRecord[] = [];

after(() => {
  counters.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  // Long after all that was counted before.
  nowMs += 3_600_000;
  records = [namespace('email')];
});

function namespace(name: string, more: Partial<NamespaceRecord> = {}): NamespaceRecord {
  const namespaceId = `rlns_${name}`;
  return { namespaceId, workspaceId: 'ws_1', name, isDeleted: false, overrides: [], ...more };
}

function override(identifier: string, limit: number, durationMs = 60_000): OverrideConfig {
  return { overrideId: `rlor_${identifier}`, identifier, limit, durationMs };
}

function caller(...permissions: string[]): Principal {
  const grants = compileGrants('ws_1', permissions);
  return { rootKeyId: 'key_1', workspaceId: 'ws_1', grants };
}
const admin = caller(fullAdminPermission('ws_1'));

const ports = () => ({
  lookup: {
    namespace: (workspaceId: string, nameOrId: string) => {
      const isMeant = (record: NamespaceRecord) =>
        record.workspaceId === workspaceId &&
        (record.namespaceId === nameOrId || record.name === nameOrId);
      const found = records.find(isMeant);
      return found && compileNamespace(found);
    },
  },
  counters,
  nowMs,
});

function item(more: Partial<LimitBody> = {}): LimitBody {
  return { namespace: 'email', identifier: 'user_1', limit: 10, duration: 60_000, ...more };
}

const ask = (more: Partial<LimitBody> = {}, principal = admin) =>
  decideLimit(principal, item(more), ports());
const askAll = (items: Partial<LimitBody>[], principal = admin) =>
  decideLimits(principal, items.map(item), ports());

/** What the caller reads of a decision: `passed remaining`, item by item. */
function told(decision: LimitDecision): string {
  if (decision.kind === 'fault') return decision.fault.code;
  if (decision.kind === 'missing') return `missing ${decision.names.join(' ')}`;
  const items = decision.limits.map(({ isPassed, remaining }) => `${isPassed} ${remaining}`);
  return `${decision.isPassed}: ${items.join(', ')}`;
}

test('a limit admits exactly its number within a window, and says what is left', () => {
  for (let left = 9; left >= 0; left -= 1) assert.equal(told(ask()), `true: true ${left}`);
  const refused = ask();
  assert.equal(told(refused), 'false: false 0');
  assert.equal(refused.kind === 'decided' && refused.limits[0]?.resetAtMs, nowMs + 60_000);
});

test('what was refused is not counted, and a cost of 0 only looks', () => {
  assert.equal(told(ask({ cost: 7 })), 'true: true 3');
  assert.equal(told(ask({ cost: 4 })), 'false: false 0');
  assert.equal(told(ask({ cost: 0 })), 'true: true 3');
  assert.equal(told(ask({ cost: 0 })), 'true: true 3');
  assert.equal(told(ask({ cost: 3 })), 'true: true 0');
  assert.equal(told(ask({ cost: 0 })), 'true: true 0');
});

test('the window before weighs by what of it still reaches into the sliding window', () => {
  assert.equal(told(ask({ cost: 10 })), 'true: true 0');
  nowMs += 60_000;
  assert.equal(told(ask()), 'false: false 0');
  nowMs += 15_000;
  assert.equal(told(ask({ cost: 0 })), 'true: true 3');
});

test('another duration starts afresh, another limit goes on with the same count', () => {
  ask({ cost: 6 });
  assert.equal(told(ask({ limit: 20 })), 'true: true 13');
  assert.equal(told(ask({ duration: 61_000 })), 'true: true 9');
});

test('workspace, namespace and identifier each make a counter; name and id mean the same', () => {
  records.push(namespace('sms'), namespace('email', { workspaceId: 'ws_2' }));
  ask({ cost: 10 });
  assert.equal(told(ask()), 'false: false 0');
  assert.equal(told(ask({ namespace: 'rlns_email' })), 'false: false 0');
  assert.equal(told(ask({ namespace: 'sms' })), 'true: true 9');
  assert.equal(told(ask({ identifier: 'user_2' })), 'true: true 9');
  const other = {
    ...admin,
    workspaceId: 'ws_2',
    grants: compileGrants('ws_2', ['ratelimit.*.limit']),
  };
  assert.equal(told(ask({}, other)), 'true: true 9');
});

test('an override replaces limit and duration, and counts each identifier by itself', () => {
  records = [namespace('email', { overrides: [override('user_*', 2, 1000)] })];
  const first = ask();
  assert.equal(told(first), 'true: true 1');
  assert.ok(first.kind === 'decided');
  const { overrideId, limit, resetAtMs } = first.limits[0] ?? {};
  assert.deepEqual(
    { overrideId, limit, resetAtMs },
    { overrideId: 'rlor_user_*', limit: 2, resetAtMs: nowMs + 1000 },
  );
  assert.equal(told(ask()), 'true: true 0');
  assert.equal(told(ask()), 'false: false 0');
  assert.equal(told(ask({ identifier: 'user_2' })), 'true: true 1');
  assert.equal(told(ask({ identifier: 'other' })), 'true: true 9');
});

test('an override with limit 0 refuses everything, a look too', () => {
  records = [namespace('email', { overrides: [override('user_1', 0)] })];
  assert.equal(told(ask()), 'false: false 0');
  assert.equal(told(ask({ cost: 0 })), 'false: false 0');
});

test('a single limit: missing needs the right to create, gone comes before not allowed', () => {
  records.push(namespace('old', { isDeleted: true }));
  const gone = 'unkey/data/ratelimit_namespace_gone';
  const denied = 'unkey/authorization/insufficient_permissions';
  const rows: [namespace: string, permissions: string[], answer: string][] = [
    ['new', [], denied],
    ['new', ['ratelimit.*.limit'], denied],
    ['new', ['ratelimit.*.create_namespace'], 'missing new'],
    ['old', [], gone],
    ['old', ['ratelimit.*.limit'], gone],
    ['email', [], denied],
    ['email', ['ratelimit.rlns_old.limit'], denied],
    ['email', ['ratelimit.email.limit'], denied],
    ['email', ['ratelimit.*.create_namespace'], denied],
    ['email', ['ratelimit.*.limit'], 'true: true 9'],
    ['email', ['ratelimit.rlns_email.limit'], 'true: true 8'],
    ['email', [fullAdminPermission('ws_1')], 'true: true 7'],
  ];
  for (const [name, permissions, answer] of rows) {
    assert.equal(told(ask({ namespace: name }, caller(...permissions))), answer, name);
  }
});

test('several limits: create rights, then limit rights for each, then what is gone', () => {
  records.push(namespace('old', { isDeleted: true }), namespace('sms'));
  const gone = 'unkey/data/ratelimit_namespace_gone';
  const denied = 'unkey/authorization/insufficient_permissions';
  const rows: [namespaces: string, permissions: string[], answer: string][] = [
    ['email new old newer new', ['ratelimit.*.limit'], denied],
    ['email new old newer new', ['ratelimit.*.create_namespace'], 'missing new newer'],
    ['email old', [], denied],
    ['email old', ['ratelimit.rlns_email.limit'], denied],
    ['email old', ['ratelimit.*.limit'], gone],
    ['email old', ['ratelimit.rlns_email.limit', 'ratelimit.rlns_old.limit'], gone],
    ['email sms', ['ratelimit.rlns_email.limit'], denied],
    ['email sms', ['ratelimit.*.limit'], 'true: true 9, true 9'],
  ];
  for (const [names, permissions, answer] of rows) {
    const items = names.split(' ').map((name) => ({ namespace: name }));
    assert.equal(told(askAll(items, caller(...permissions))), answer, names);
  }
});

test('a denial names what is missing', () => {
  const details = [ask({ namespace: 'new' }, caller()), ask({}, caller())].map(
    (decision) => decision.kind === 'fault' && decision.fault.detail,
  );
  assert.deepEqual(details, [
    "Missing permission: 'ratelimit.*.create_namespace'",
    'Missing one of these permissions: ratelimit.*.limit or ratelimit.rlns_email.limit',
  ]);
});

test('several limits are counted together or not at all, each with its own verdict', () => {
  const items = [{ cost: 3 }, { identifier: 'user_2', limit: 2, cost: 1 }];
  assert.equal(told(askAll(items)), 'true: true 7, true 1');
  assert.equal(told(askAll(items)), 'true: true 4, true 0');
  assert.equal(told(askAll(items)), 'false: true 4, false 0');
  assert.equal(told(ask({ cost: 0 })), 'true: true 4');
});

test('costs of items on the same counter add up, whatever name they use for it', () => {
  const both = [{ cost: 3 }, { namespace: 'rlns_email', cost: 3 }];
  assert.equal(told(askAll(both)), 'true: true 4, true 4');
  assert.equal(told(askAll(both)), 'false: false 0, false 0');
  assert.equal(
    told(askAll([{ cost: 2 }, { cost: 0 }, { cost: 2 }])),
    'true: true 0, true 0, true 0',
  );
});

test('the largest request that the schema admits is decided at once', () => {
  assert.ok((multiLimitBody.maxItems ?? Number.POSITIVE_INFINITY) <= countersPerTakeMax);
  const items = Array.from({ length: 100 }, (_, at) => ({ identifier: `user_${at}`, limit: 1 }));
  const passed = askAll(items);
  assert.ok(passed.kind === 'decided' && passed.isPassed && passed.limits.length === 100);
  const refused = askAll([...items.slice(1), { identifier: 'user_100' }]);
  assert.ok(refused.kind === 'decided' && !refused.isPassed);
});
