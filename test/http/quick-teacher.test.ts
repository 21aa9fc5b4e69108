/** The engine has room for so many root keys, traits and queries: past it, it is taught anew. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { keyHash } from '../../src/domain/key-hash.ts';
import type { KeyRecord } from '../../src/domain/records.ts';
import type { ReplicaChange } from '../../src/keys/replica-change.ts';
import {
  nowMs,
  openTaughtEngine,
  type Question,
  smallWorkspace,
  type TaughtEngine,
} from '../native/taught-engine.ts';
import { plainRecord } from '../verify/small-world.ts';

const rootKeysMax = 10_000;
const traitsMax = 10_000;
const queriesMax = 1000;
/** Of traits and queries: what is known of one and another together. */
const pairsMax = 65_536;

function keyOf(number: number, part: Partial<KeyRecord>): ReplicaChange {
  const record = { ...plainRecord, keyId: `key_${number}`, ...part };
  return { kind: 'key', hash: keyHash(`key_${number}`), hashKind: 0, record };
}

async function taught(changes: ReplicaChange[], rootKeyCount = 2): Promise<TaughtEngine> {
  const engine = await openTaughtEngine([...smallWorkspace(rootKeyCount, keyHash), ...changes]);
  after(() => engine.close());
  return engine;
}

/** The engine answers, and rightly; gives whether the key is valid. */
function expectAnswer(to: TaughtEngine, question: Question, token = 'token_1'): boolean {
  const authorization = `Bearer ${token}`;
  const body = new Uint8Array(Buffer.from(JSON.stringify(question))).buffer;
  const answered = to.verifier.verify({ body, authorization, nowMs });
  assert.ok(answered, `${JSON.stringify(question)} was declined`);
  const text = Buffer.from(answered).toString();
  const requestId = JSON.parse(text).meta.requestId;
  assert.equal(text, to.expected(authorization, question, requestId));
  return text.includes('"valid":true');
}

/** All was forgotten once; how much of this kind was learned before and after. */
function expectForgottenOnce({ lessons }: TaughtEngine, kind: 'rootKeys' | 'traits' | 'queries') {
  assert.equal(lessons.forgotten, 1);
  return lessons[kind];
}

test('of more kinds of keys than there is room for, each gets its answer', async () => {
  const count = traitsMax + 5;
  const numbers = Array.from({ length: count }, (_, number) => number);
  const roleIds = (number: number) => [number % 3 === 0 ? 'role_1' : 'role_2', `role_no_${number}`];
  const engine = await taught([
    {
      kind: 'role',
      id: 'role_1',
      record: { roleId: 'role_1', workspaceId: 'ws_1', name: 'one', permissionIds: ['perm_1'] },
    },
    {
      kind: 'permission',
      id: 'perm_1',
      record: { permissionId: 'perm_1', workspaceId: 'ws_1', slug: 'read' },
    },
    ...numbers.map((number) => keyOf(number, { roleIds: roleIds(number) })),
  ]);
  for (const number of [...numbers, ...numbers.slice(0, 20)]) {
    const question = { key: `key_${number}`, permissions: 'read' };
    assert.equal(expectAnswer(engine, question), number % 3 === 0);
  }
  // The first that does not fit is told twice: it was forgotten too.
  assert.equal(expectForgottenOnce(engine, 'traits'), count + 1 + 20);
});

test('of more queries than there is room for, each gets its answer', async () => {
  const engine = await taught([
    {
      kind: 'permission',
      id: 'perm_1',
      record: { permissionId: 'perm_1', workspaceId: 'ws_1', slug: 'p7' },
    },
    keyOf(1, { permissionIds: ['perm_1'] }),
    keyOf(2, {}),
  ]);
  for (let number = 0; number < queriesMax + 5; number += 1) {
    const permissions = `p${number % 10} OR q${number}`;
    assert.equal(expectAnswer(engine, { key: 'key_1', permissions }), number % 10 === 7);
  }
  assert.equal(expectForgottenOnce(engine, 'queries'), queriesMax + 5 + 1);
  assert.equal(expectAnswer(engine, { key: 'key_1', permissions: 'p7 OR q7' }), true);
  assert.equal(expectAnswer(engine, { key: 'key_2', permissions: 'p7 OR q7' }), false);
});

test('of more root keys than there is room for, each gets its answer', async () => {
  const engine = await taught([keyOf(1, {})], rootKeysMax + 5);
  for (let number = 0; number < rootKeysMax + 5; number += 1) {
    assert.equal(expectAnswer(engine, { key: 'key_1' }, `token_${number}`), number % 7 !== 0);
  }
  assert.equal(expectForgottenOnce(engine, 'rootKeys'), rootKeysMax + 5 + 1);
  assert.equal(expectAnswer(engine, { key: 'key_1' }, 'token_0'), false);
  assert.equal(expectAnswer(engine, { key: 'key_1' }, 'token_1'), true);
});

test('of more pairs of keys and queries than there is room for, each gets its answer', async () => {
  const [keyCount, queryCount] = [70, queriesMax - 50];
  const keys = Array.from({ length: keyCount }, (_, number) =>
    keyOf(number, { roleIds: [`role_no_${number}`], permissionIds: [`perm_${number % 2}`] }),
  );
  const record = { permissionId: 'perm_1', workspaceId: 'ws_1', slug: 'read' };
  const engine = await taught([{ kind: 'permission', id: 'perm_1', record }, ...keys]);
  for (let number = 0; number < keyCount * queryCount; number += 1) {
    const key = `key_${number % keyCount}`;
    const query = Math.floor(number / keyCount);
    const question = { key, permissions: `read AND (read OR q${query})` };
    const isChecked = number < 1000 || Math.abs(number - pairsMax) < 200;
    if (isChecked) assert.equal(expectAnswer(engine, question), (number % keyCount) % 2 === 1);
    else learn(engine, question);
  }
  assert.equal(expectForgottenOnce(engine, 'queries'), keyCount * queryCount + 1);
});

function learn({ verifier }: TaughtEngine, question: Question): void {
  const body = new Uint8Array(Buffer.from(JSON.stringify(question))).buffer;
  assert.ok(verifier.verify({ body, authorization: 'Bearer token_1', nowMs }));
}
