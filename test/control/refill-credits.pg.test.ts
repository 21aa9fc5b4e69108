import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { forgetNode } from '../../src/control/credit-leases.ts';
import { refillCredits } from '../../src/control/refill-credits.ts';
import { openCreditWorld } from '../processes/credit-node.ts';

const world = await openCreditWorld();
after(() => world.close());

const dayMs = 86_400_000;
const at = (text: string) => Date.parse(`${text}Z`);

type Refill = { remaining: number; amount: number; day?: number; due: string | null };

async function addRefilled({ remaining, amount, day, due }: Refill): Promise<string> {
  const keyId = await world.addKey(remaining);
  await world.database`
    update latchkey.key_credits set refill_amount = ${amount}, refill_day = ${day ?? null},
      refill_due_ms = ${due === null ? null : at(due)}
    where key_id = ${keyId}`;
  return keyId;
}

async function lease(keyId: string, nodeId: string, outstanding: number): Promise<void> {
  await world.database`
    insert into latchkey.nodes (id, name) values (${nodeId}, '') on conflict do nothing`;
  await world.database`
    insert into latchkey.credit_leases (key_id, node_id, outstanding, amount, mark)
    values (${keyId}, ${nodeId}, ${outstanding}, ${outstanding}, 1)`;
}

const refill = (now: string) => refillCredits(world.database, at(now));

test('a due key is set to its amount, and never lowered', async () => {
  const low = await addRefilled({ remaining: 3, amount: 10, due: '2026-05-02T00:00' });
  const high = await addRefilled({ remaining: 30, amount: 10, due: '2026-05-02T00:00' });
  assert.deepEqual(await refill('2026-05-01T23:59:59.999'), { dueCount: 0, filledCount: 0 });
  assert.deepEqual(await refill('2026-05-02T00:00'), { dueCount: 2, filledCount: 1 });
  assert.equal(await world.unleased(low), 10);
  assert.equal(await world.unleased(high), 30);
});

test('it is done once by however many nodes, and caught up once after an absence', async () => {
  const keyId = await addRefilled({ remaining: 3, amount: 10, due: '2026-05-02T00:00' });
  const now = at('2026-05-09T12:00');
  const done = await Promise.all(
    Array.from({ length: 8 }, () => refillCredits(world.database, now)),
  );
  assert.equal(
    done.reduce((sum, { filledCount }) => sum + filledCount, 0),
    1,
  );
  await world.database`
    update latchkey.key_credits set remaining = 1 where key_id = ${keyId}`;
  await refillCredits(world.database, now + 1000);
  assert.equal(await world.unleased(keyId), 1);
  await refillCredits(world.database, at('2026-05-10T00:00'));
  assert.equal(await world.unleased(keyId), 10);
});

test('a refill that was set up without an instant begins with the next one', async () => {
  const keyId = await addRefilled({ remaining: 3, amount: 10, day: 31, due: null });
  await refill('2026-06-15T12:00');
  assert.equal(await world.unleased(keyId), 3);
  await refill('2026-06-29T23:59');
  assert.equal(await world.unleased(keyId), 3);
  await refill('2026-06-30T00:00');
  assert.equal(await world.unleased(keyId), 10);
});

test('a key that was deleted is not refilled', async () => {
  const keyId = await addRefilled({ remaining: 3, amount: 10, due: '2026-05-02T00:00' });
  await world.database`update latchkey.keys set deleted_at_ms = 1 where id = ${keyId}`;
  await refill('2026-05-02T00:00');
  assert.equal(await world.unleased(keyId), 3);
});

test('what a live node has leased counts as left, what an absent one has as spent', async () => {
  const keyId = await addRefilled({ remaining: 3, amount: 100, due: '2026-05-02T00:00' });
  await lease(keyId, 'node_live', 20);
  await lease(keyId, 'node_absent', 50);
  await world.database`
    update latchkey.nodes set seen_at = now() - interval '1 hour' where id = 'node_absent'`;
  await refill('2026-05-02T00:00');
  assert.equal(await world.unleased(keyId), 80);
  assert.equal(await world.leasesOf(keyId), 1);
  await forgetNode(world.database, 'node_live');
  assert.equal(await world.unleased(keyId), 80);
});

test('many keys due at once are refilled, each at its own next instant', async () => {
  const keyIds = await Promise.all(
    Array.from({ length: 600 }, (_, index) =>
      addRefilled({ remaining: index % 3, amount: 2, due: '2026-05-02T00:00' }),
    ),
  );
  const done = await refill('2026-05-02T00:00:01');
  assert.deepEqual(done, { dueCount: 600, filledCount: 400 });
  const rows = await world.database<{ due: number; remaining: number }[]>`
    select refill_due_ms as due, remaining from latchkey.key_credits
    where key_id = any(${keyIds})`;
  assert.ok(rows.every(({ due }) => due === at('2026-05-02T00:00') + dayMs));
  assert.ok(rows.every(({ remaining }) => remaining === 2));
});
