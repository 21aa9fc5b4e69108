import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { after, before, test } from 'node:test';
import type { Schema } from '../../src/contract/json-schema.ts';
import { limitBody, multiLimitBody } from '../../src/contract/ratelimit.ts';
import { verifyKeyBody } from '../../src/contract/verify-key.ts';
import { verifyKeysBody } from '../../src/contract/verify-keys.ts';
import { type ApiClient, createApiClient } from '../support/api-client.ts';
import { readMetrics } from '../support/metrics.ts';
import { createRandomBodies } from '../support/random-bodies.ts';
import { startServer, type TestServer } from '../support/server.ts';

const bodyCount = 10_000;
const laneCount = 16;
const seed = 20_261_122;

let server: TestServer;
let agent: Agent;
let call: ApiClient;

before(async () => {
  server = await startServer({ workers: 2 });
  agent = new Agent({ keepAlive: true, maxSockets: laneCount });
  call = createApiClient(server, agent);
});
after(async () => {
  agent.destroy();
  await server.close();
});

const endpoints: [name: string, body: Schema][] = [
  ['keys.verifyKey', verifyKeyBody],
  ['keys.verifyKeys', verifyKeysBody],
  ['ratelimit.limit', limitBody],
  ['ratelimit.multiLimit', multiLimitBody],
];

for (const [name, schema] of endpoints) {
  test(`${name}: no body causes a 5xx`, async () => {
    const nextBody = createRandomBodies(schema, seed);
    let leftCount = bodyCount;
    const lane = async () => {
      while (leftCount > 0) {
        leftCount -= 1;
        const body = nextBody();
        const { status } = await call(name, body as object);
        assert.ok(status < 500, `${status} for ${JSON.stringify(body)}, seed ${seed}`);
      }
    };
    await Promise.all(Array.from({ length: laneCount }, lane));
  });
}

test('afterwards every worker is the one that was started', async () => {
  const metrics = await readMetrics(server.adminUrl);
  assert.equal(metrics.total('latchkey_worker_restarts_total'), 0);
  assert.equal((await call('keys.verifyKey', { key: 'unknown' })).json.data?.code, 'NOT_FOUND');
});
