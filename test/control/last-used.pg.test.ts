import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { copyLastUses, type LastUse } from '../../src/control/last-used.ts';
import { type ControlWorld, openControlWorld } from './control-world.ts';

let world: ControlWorld;
let keyId: string;

before(async () => {
  world = await openControlWorld();
  const { apiId } = await world.ok('apis.createApi', { name: 'api' });
  keyId = (await world.ok('keys.createKey', { apiId })).keyId;
});
after(() => world.close());

async function* pagesOf(...pages: LastUse[][]) {
  yield* pages;
}

test('a key shows when it was last used, once that was copied', async () => {
  assert.equal((await world.ok('keys.getKey', { keyId })).lastUsedAt, undefined);
  const seen: number[] = [];
  const readSince = async (notedAt: number) => {
    seen.push(notedAt);
    const pages = pagesOf([{ keyId, atMs: 5000 }], [{ keyId: 'key_gone', atMs: 7000 }]);
    return { pages, notedUntil: notedAt + 60 };
  };
  assert.equal(await copyLastUses(world.database, readSince), 1);
  assert.equal((await world.ok('keys.getKey', { keyId })).lastUsedAt, 5000);
  assert.equal(await copyLastUses(world.database, readSince), 0);
  assert.deepEqual(seen, [0, 60]);
});

test('an earlier use that comes late does not bring the instant back', async () => {
  const uses = (atMs: number) => async () => ({
    pages: pagesOf([{ keyId, atMs }]),
    notedUntil: 200,
  });
  assert.equal(await copyLastUses(world.database, uses(9000)), 1);
  assert.equal(await copyLastUses(world.database, uses(8000)), 0);
  assert.equal((await world.ok('keys.getKey', { keyId })).lastUsedAt, 9000);
});

test('of two nodes at the same time one copies, and the other does not wait', async () => {
  const started = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const first = copyLastUses(world.database, async () => {
    started.resolve();
    await held.promise;
    return { pages: pagesOf(), notedUntil: 300 };
  });
  await started.promise;
  const second = await copyLastUses(world.database, () => assert.fail('it was read twice'));
  assert.equal(second, undefined);
  held.resolve();
  assert.equal(await first, 0);
});

test('what fails half-way is read again', async () => {
  async function* breaking() {
    yield [{ keyId, atMs: 20_000 }];
    throw new Error('the connection broke');
  }
  await assert.rejects(
    copyLastUses(world.database, async () => ({ pages: breaking(), notedUntil: 900 })),
    /broke/,
  );
  assert.equal((await world.ok('keys.getKey', { keyId })).lastUsedAt, 20_000);
  const again = await copyLastUses(world.database, async (notedAt) => {
    assert.equal(notedAt, 300);
    return { pages: pagesOf([{ keyId, atMs: 20_001 }]), notedUntil: 900 };
  });
  assert.equal(again, 1);
});

test('a node that stops does not copy the rest, and the next one copies all of it', async () => {
  const stopping = new AbortController();
  async function* interrupted() {
    yield [{ keyId, atMs: 30_000 }];
    stopping.abort();
    yield [{ keyId: 'key_gone', atMs: 30_000 }];
    assert.fail('another page was read');
  }
  await assert.rejects(
    copyLastUses(
      world.database,
      async () => ({ pages: interrupted(), notedUntil: 900 }),
      stopping.signal,
    ),
    { name: 'AbortError' },
  );
  const again = await copyLastUses(world.database, async (notedAt) => {
    assert.equal(notedAt, 900);
    return { pages: pagesOf([{ keyId, atMs: 30_001 }]), notedUntil: 900 };
  });
  assert.equal(again, 1);
});

test('copying last uses is no change that a node has to follow', async () => {
  const [row] = await world.database<{ n: number }[]>`
    select count(*)::int as n from latchkey.changes where entity = 'key'`;
  await copyLastUses(world.database, async () => ({
    pages: pagesOf([{ keyId, atMs: 90_000 }]),
    notedUntil: 901,
  }));
  const [after] = await world.database<{ n: number }[]>`
    select count(*)::int as n from latchkey.changes where entity = 'key'`;
  assert.deepEqual(after, row);
});
