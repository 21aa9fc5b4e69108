import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { nodeIdentity } from '../../src/processes/node-identity.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-identity-'));
after(() => rmSync(folder, { recursive: true }));

test('a data folder keeps its node, and no two folders have the same', () => {
  const [one, two] = [join(folder, 'one'), join(folder, 'two')];
  const nodeId = nodeIdentity(one);
  assert.match(nodeId, /^node_[0-9a-f]{18}$/);
  assert.equal(nodeIdentity(one), nodeId);
  assert.notEqual(nodeIdentity(two), nodeId);
  assert.equal(statSync(one).mode & 0o777, 0o600);
});
