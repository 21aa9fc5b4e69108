import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileGrants, fullAdminPermission, holds } from '../../src/domain/grants.ts';
import {
  adminActions,
  covers,
  holdsAdmin,
  isGrantable,
  operatorPermission,
} from '../../src/domain/operator-rights.ts';
import { createRandom } from '../support/random.ts';

const grantsOf = (...permissions: string[]) => compileGrants('ws_1', permissions);

test('everything in a workspace contains no right to administer', () => {
  const grants = grantsOf(fullAdminPermission('ws_1'), 'admin.*.*', 'admin.*', '*', '**#*');
  for (const action of adminActions) assert.equal(holdsAdmin(grants, 'ws_1', action), false);
});

test('the operator administers every workspace, but works only in its own', () => {
  const grants = grantsOf(operatorPermission);
  for (const action of adminActions) assert.ok(holdsAdmin(grants, 'ws_2', action));
  assert.equal(holds(grants, { tuples: ['api.*.create_api'], urn: 'a/b#c' }), false);
});

test('a right to one workspace is a right to that one', () => {
  const grants = grantsOf('admin.ws_2.read_workspace');
  assert.ok(holdsAdmin(grants, 'ws_2', 'read_workspace'));
  assert.equal(holdsAdmin(grants, 'ws_1', 'read_workspace'), false);
  assert.equal(holdsAdmin(grants, '*', 'read_workspace'), false);
  assert.equal(holdsAdmin(grants, 'ws_2', 'update_workspace'), false);
});

test('what has the form of no permission of the workspace cannot be granted', () => {
  for (const permission of [
    ...['api.*.create_key', 'api.api_1.read_key', 'admin.ws_2.read_api', operatorPermission],
    ...['unkey:v1:ws_1:**#*', 'unkey:v1:ws_1:keyspaces/*/keys/**#read_key'],
  ]) {
    assert.ok(isGrantable(permission, 'ws_1'), permission);
  }
  for (const permission of [
    ...['', '*', 'api', 'api.*', 'api.a.b.c', 'API.*.x', 'unkey:v1:ws_2:**#*', 'unkey:v1:ws_1:'],
    ...['unkey:v1:ws_1:a/b', 'unkey:v1:ws_1:a#b#c', 'unkey:v1:ws_1:a/**#*', 'latchkey:v2:**#*'],
  ]) {
    assert.equal(isGrantable(permission, 'ws_1'), false, permission);
  }
});

test('whatever a covered URN allows, the grant that covers it allows too', () => {
  const random = createRandom(11);
  const pick = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)] as T;
  const segments = ['a', 'b', '*', '**'];
  const urn = () => {
    const path = Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(segments));
    return `unkey:v1:ws_1:${path.join('/')}#${pick(['read', 'write'])}`;
  };
  const wishes = ['a', 'b'].flatMap((x) =>
    [x, `${x}/a`, `${x}/b`, `${x}/a/b`, `${x}/b/b`].flatMap((path) => [
      `${path}#read`,
      `${path}#write`,
    ]),
  );
  let coveredCount = 0;
  for (let round = 0; round < 20_000; round += 1) {
    const [held, wanted] = [urn(), urn()];
    const grants = grantsOf(held);
    if (!covers({ grants, workspaceId: 'ws_1' }, 'ws_1', wanted)) continue;
    coveredCount += 1;
    const made = grantsOf(wanted);
    for (const wish of wishes) {
      const need = { tuples: [], urn: wish };
      assert.ok(!holds(made, need) || holds(grants, need), `${held} covers ${wanted}: ${wish}`);
    }
  }
  assert.ok(coveredCount > 1000);
});
