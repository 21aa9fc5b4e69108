import assert from 'node:assert/strict';
import { openDatabase } from '../../src/lib/database.ts';
import { createApiClient } from './api-client.ts';
import { readMetrics } from './metrics.ts';
import { waitFor } from './wait-for.ts';

/** The keys that `seedKeys` makes, from 1 to its count; their ids are `key_<number>`. */
export const seededKey = (number: number) => `seed_${number}`;

/** Loads keys by SQL, past the API, and waits until the server's replica has them. */
export async function seedKeys(
  server: { url: string; adminUrl: string; rootKey: string; databaseUrl: string },
  count: number,
): Promise<void> {
  const made = await createApiClient(server)('apis.createApi', { name: 'seeded' });
  const apiId = made.json.data?.apiId as string;
  assert.ok(apiId, made.text);
  const options = { connectionsMax: 1, applicationName: 'latchkey test' };
  const database = openDatabase(server.databaseUrl, options);
  try {
    await database`
      insert into latchkey.keys (id, workspace_id, api_id, hash, start, created_at_ms)
      select 'key_' || n, a.workspace_id, a.id, sha256(('seed_' || n)::bytea), 'seed_', 1
      from latchkey.apis a, generate_series(1, ${count}::int) n where a.id = ${apiId}`;
  } finally {
    await database.end();
  }
  await waitFor(
    'the replica has the keys',
    async () => (await readMetrics(server.adminUrl)).total('latchkey_replica_keys') >= count,
    30_000,
  );
}
