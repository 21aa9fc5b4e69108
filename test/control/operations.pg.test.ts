import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { operations } from '../../src/control/operations.ts';
import { createRandom } from '../support/random.ts';
import {
  admin,
  type ControlWorld,
  callerWith,
  openControlWorld,
  operator,
  stranger,
} from './control-world.ts';
import { adminRows, contractRows } from './rights-rows.ts';
import { grantPool, holdingOf, type Targets } from './rights-table.ts';

const rows = [...contractRows, ...adminRows];
const callerCount = 20;
const seed = 20_260_101;

let world: ControlWorld;
let targets: Targets;

before(async () => {
  world = await openControlWorld();
  const { apiId } = await world.ok('apis.createApi', { name: 'the API' });
  const { keyspaceId } = await world.ok('apis.getApiSettings', { apiId }, operator);
  const made = await world.ok('keys.createKey', { apiId, externalId: 'the-identity' });
  const { identity } = await world.ok('keys.getKey', { keyId: made.keyId });
  await world.ok('permissions.createPermission', { name: 'existing', slug: 'existing' });
  await world.ok('permissions.createRole', { name: 'existing' });
  const migration = { algorithm: 'sha256' };
  const { migrationId } = await world.ok('migrations.createMigration', migration, operator);
  const rootKey = { permissions: ['api.*.create_api'] };
  const { rootKeyId } = await world.ok('rootKeys.createRootKey', rootKey, operator);
  let lastFresh = 0;
  const fresh = () => {
    lastFresh += 1;
    return `fresh-${lastFresh}`;
  };
  const place = { apiId, keyspaceId, ...made, identityId: identity.id };
  targets = { ...place, migrationId, rootKeyId, fresh };
});
after(() => world.close());

test('every operation stands in the table of rights', () => {
  const elsewhere = /^(?:ratelimit\.|workspaces\.deleteWorkspace$)/;
  const named = operations.map(({ name }) => name).filter((name) => !elsewhere.test(name));
  assert.deepEqual(named.toSorted(), rows.map(({ name }) => name).toSorted());
  assert.equal(new Set(operations.map(({ name }) => name)).size, operations.length);
});

test('random callers read exactly the status that the table expects', async () => {
  const random = createRandom(seed);
  const pool = grantPool(targets);
  const allowed = new Set<string>();
  for (let count = 0; count < callerCount; count += 1) {
    const share = random();
    const granted = pool.filter((grant) => random() < (grant.endsWith('**#*') ? 0.05 : share));
    const caller = callerWith(...granted);
    for (const { name, body, may, denied } of rows) {
      const mayCall = may(holdingOf(granted, targets), targets);
      const answer = await world.call(name, await body(world, targets), caller);
      const expected = mayCall ? 200 : denied;
      assert.equal(answer.status, expected, `${name}, seed ${seed}: ${granted.join(' ')}`);
      if (mayCall) allowed.add(name);
    }
  }
  assert.equal(allowed.size, rows.length);
});

test('nobody reaches administration by having everything in a workspace', async () => {
  for (const { name, body, may } of adminRows) {
    const isAdministration = !may(holdingOf(['unkey:v1:ws_1:**#*'], targets), targets);
    if (!isAdministration) continue;
    assert.equal((await world.call(name, await body(world, targets), admin)).status, 403, name);
    assert.equal((await world.call(name, await body(world, targets), operator)).status, 200, name);
  }
});

test('what belongs to another workspace does not exist', async () => {
  const named = /apiId|keyId|key|keyIds|identity$|permission$|role$|roleId/;
  for (const { name, body } of contractRows) {
    const sent = await body(world, targets);
    const isAboutOne = Object.keys(sent).some((field) => named.test(field));
    if (!isAboutOne) continue;
    assert.equal((await world.call(name, sent, stranger)).status, 404, name);
  }
});
