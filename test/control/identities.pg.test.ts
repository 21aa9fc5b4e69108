import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ControlWorld, callerWith, openControlWorld, stranger } from './control-world.ts';

let world: ControlWorld;

before(async () => {
  world = await openControlWorld();
});
after(() => world.close());

const create = (externalId: string, body: object = {}) =>
  world.ok('identities.createIdentity', { externalId, ...body });
const get = (identity: string) => world.ok('identities.getIdentity', { identity });
const limit = { name: 'requests', limit: 10, duration: 60_000, autoApply: true };

test('an identity is found by its id and by its external id, whose case counts', async () => {
  const { identityId } = await create('user_1', { meta: { a: 1 }, ratelimits: [limit] });
  const shown = await get('user_1');
  assert.deepEqual(shown, {
    id: identityId,
    externalId: 'user_1',
    meta: { a: 1 },
    ratelimits: [{ ...limit, id: shown.ratelimits[0].id }],
  });
  assert.deepEqual(await get(identityId), shown);
  for (const identity of ['USER_1', identityId.toLowerCase(), 'x'.repeat(5000), '💥 %_\\']) {
    assert.equal(
      await world.refused('identities.getIdentity', { identity }),
      '404 identity_not_found',
    );
  }
  const foreign = { identity: 'user_1' };
  assert.equal(
    await world.refused('identities.getIdentity', foreign, stranger),
    '404 identity_not_found',
  );
});

test('meta and limits that are empty are not shown', async () => {
  await create('empty', { meta: {}, ratelimits: [] });
  assert.deepEqual(Object.keys(await get('empty')), ['id', 'externalId']);
});

test('a second identity with the same external id is a conflict, a deleted one not', async () => {
  await create('twice');
  const body = { externalId: 'twice' };
  const answer = await world.call('identities.createIdentity', body);
  assert.equal(answer.status, 409);
  assert.match('detail' in answer ? answer.detail : '', /'twice'/);
  await world.ok('identities.createIdentity', body, stranger);
  for (let round = 0; round < 3; round += 1) {
    await world.ok('identities.deleteIdentity', { identity: 'twice' });
    assert.equal(
      await world.refused('identities.deleteIdentity', { identity: 'twice' }),
      '404 identity_not_found',
    );
    await create('twice');
  }
});

test('of ten calls at once that create the same identity, one succeeds', async () => {
  const answers = await Promise.all(
    Array.from({ length: 10 }, () =>
      world.call('identities.createIdentity', { externalId: 'raced', ratelimits: [limit] }),
    ),
  );
  const statuses = answers.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [200, ...Array.from({ length: 9 }, () => 409)]);
  assert.equal((await get('raced')).ratelimits.length, 1);
});

test('an update replaces what is given, and limits by name', async () => {
  const other = { ...limit, name: 'tokens' };
  await create('updated', { meta: { a: 1 }, ratelimits: [limit, other] });
  const { id, ratelimits } = await get('updated');
  const update = (body: object) =>
    world.ok('identities.updateIdentity', { identity: 'updated', ...body });
  assert.deepEqual((await update({})).meta, { a: 1 });
  const changed = await update({ meta: { b: 2 }, ratelimits: [{ ...limit, limit: 1 }] });
  const kept = ratelimits.find((one: { name: string }) => one.name === 'requests');
  assert.deepEqual(changed, {
    id,
    externalId: 'updated',
    meta: { b: 2 },
    ratelimits: [{ ...kept, limit: 1 }],
  });
  assert.deepEqual(await get('updated'), changed);
  const cleared = await update({ meta: {}, ratelimits: [] });
  assert.deepEqual(cleared, { id, externalId: 'updated' });
});

test('the right comes first, then the request itself, then what exists', async () => {
  const unknown = { identity: 'unknown' };
  const twoNames = { ...unknown, ratelimits: [limit, limit] };
  const large = { ...unknown, meta: { text: 'x'.repeat(2 ** 20) } };
  const update = 'identities.updateIdentity';
  assert.equal(await world.refused(update, twoNames, callerWith()), '403 insufficient_permissions');
  const answer = await world.call(update, twoNames);
  assert.equal(answer.status, 400);
  assert.match('detail' in answer ? answer.detail : '', /'requests'/);
  assert.equal(await world.refused(update, large), '400 invalid_input');
  assert.equal(await world.refused(update, unknown), '404 identity_not_found');
  const creation = { ...large, externalId: 'large', identity: undefined };
  assert.equal(
    await world.refused('identities.createIdentity', JSON.parse(JSON.stringify(creation))),
    '400 invalid_input',
  );
  assert.equal(
    await world.refused('identities.deleteIdentity', unknown, callerWith()),
    '403 insufficient_permissions',
  );
  assert.equal(
    await world.refused('identities.getIdentity', unknown, callerWith()),
    '404 identity_not_found',
  );
});

test('a list is refused if one of its rows may not be read; an empty one never is', async () => {
  const { identityId } = await create('scoped-a');
  await create('scoped-b');
  const scoped = callerWith(`identity.${identityId}.read_identity`);
  const list = (search: string, caller = scoped) =>
    world.call('identities.listIdentities', { search }, caller);
  assert.equal((await list('scoped-a')).status, 200);
  assert.equal((await list('scoped')).status, 403);
  assert.equal((await list('nothing like it', callerWith())).status, 200);
});

test('a search is for text, whatever its case, in which no character is special', async () => {
  for (const externalId of ['find_me', 'findXme', 'FIND.ME.too']) await create(externalId);
  const search = async (text: string) => {
    const { rows } = await world.ok('identities.listIdentities', { search: text });
    return rows.map(({ externalId }: { externalId: string }) => externalId).sort();
  };
  assert.deepEqual(await search('  FIND_ '), ['find_me']);
  assert.deepEqual(await search('find'), ['FIND.ME.too', 'findXme', 'find_me']);
  assert.deepEqual(await search('%'), []);
  const { id } = await get('find_me');
  assert.deepEqual(await search(id.toUpperCase()), ['find_me']);
  assert.equal((await search('   ')).length, (await search('')).length);
});

test('identities are listed by id, in pages', async () => {
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const body = { limit: 2, ...(cursor && { cursor }) };
    const page = await world.ok('identities.listIdentities', body);
    seen.push(...page.rows.map(({ id }: { id: string }) => id));
    cursor = page.nextCursor;
  } while (cursor);
  assert.deepEqual(seen, seen.toSorted());
  assert.equal(seen.length, (await world.ok('identities.listIdentities', {})).rows.length);
});
