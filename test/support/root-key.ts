import { createRootKey } from '../../src/control/root-keys.ts';
import { openDatabase } from '../../src/lib/database.ts';
import { createApiClient } from './api-client.ts';
import type { TestServer } from './server.ts';
import { waitFor } from './wait-for.ts';

/** A root key of the server's only workspace with these permissions, known to all its workers. */
export async function rootKeyWith(server: TestServer, ...permissions: string[]): Promise<string> {
  const options = { connectionsMax: 1, applicationName: 'latchkey test' };
  const database = openDatabase(server.databaseUrl, options);
  try {
    const [row] = await database<{ id: string }[]>`select id from latchkey.workspaces`;
    const { key } = await createRootKey(database, {
      workspaceId: row?.id as string,
      permissions,
      name: null,
      expiresAtMs: null,
      nowMs: 1,
    });
    const call = createApiClient({ url: server.url, rootKey: key });
    await waitFor('the root key is known', async () => {
      return (await call('apis.getApi', { apiId: 'api_missing' })).status !== 401;
    });
    return key;
  } finally {
    await database.end();
  }
}
