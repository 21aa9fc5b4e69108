import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { schemaStatements } from '../../src/events/migrate-clickhouse.ts';
import { verificationKind } from '../../src/events/verification-kind.ts';
import { silentLogger as logger } from '../../src/lib/logger.ts';
import { createReleasers } from '../../src/lib/releasers.ts';
import { startEventsRiver } from '../../src/processes/events-river.ts';
import { makeNodeFolders } from '../../src/processes/node-files.ts';
import { clientOf, endlessRetention, temporaryFolder, testSpool } from '../events/river.ts';
import { verificationEvent } from '../events/verification-events.ts';
import { readRows } from '../support/event-rows.ts';
import { testClickhouse } from '../support/stores.ts';
import { waitFor } from '../support/wait-for.ts';

const eventCount = 1000;
const releasers = createReleasers();
after(() => releasers.releaseAll());

/** Its first table alone is there, and it cannot be gone on with. */
async function halfMadeClickhouse() {
  const store = await testClickhouse();
  const client = clientOf(store.url);
  releasers.push('store', async () => {
    await client.close();
    await store.close();
  });
  const place = { database: store.database, cluster: '', retention: endlessRetention };
  await client.command({ query: schemaStatements(place)[0] as string });
  const query = 'CREATE TABLE latchkey_migrations (other String) ENGINE = Memory';
  await client.command({ query });
  return { url: store.url, client };
}

test('no event is sent before all tables are there, then each counts in every sum', async () => {
  const { url, client } = await halfMadeClickhouse();
  const folder = temporaryFolder();
  releasers.push('folder', folder.remove);
  const files = makeNodeFolders(folder.path);
  const spool = testSpool(files.spool);
  const writer = spool.writer();
  for (let number = 0; number < eventCount; number += 1) {
    assert.ok(writer.append(verificationKind, verificationEvent(number)));
  }
  await writer.close();
  spool.close();
  const abort = new AbortController();
  const { shipper, problem } = await startEventsRiver(
    {
      ...{ clickhouseUrl: url, clickhouseReady: Promise.resolve(), cluster: '' },
      ...{ retention: endlessRetention, insertRowsMax: 100_000, insertAgeMs: 100 },
      ...{ files, region: 'test', logger, signal: abort.signal },
    },
    releasers,
  );
  releasers.push('preparation', () => abort.abort());
  await waitFor('the tables cannot be made', () => /latchkey_migrations|number/.test(problem()));
  assert.equal(await shipper.drain(1000), false);
  assert.equal(shipper.totals().insertedRows, 0);
  await client.command({ query: 'DROP TABLE latchkey_migrations SYNC' });
  assert.equal(await shipper.drain(20_000), true);
  assert.equal(problem(), '');
  const [sums] = await readRows<{ rows: number; counted: number; billable: number }>(
    url,
    `SELECT toUInt32((SELECT count() FROM key_verifications_raw_v1)) AS rows,
       toUInt32((SELECT sum(count) FROM key_verifications_per_month_v1)) AS counted,
       toUInt32((SELECT sum(count) FROM billable_verifications_per_month_v1)) AS billable`,
  );
  assert.deepEqual(sums, { rows: eventCount, counted: eventCount, billable: eventCount * 0.9 });
});
