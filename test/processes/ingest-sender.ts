/** A short-lived program as our users have them: it inserts one row and ends with the answer. */
import { createClient } from '@clickhouse/client';

/** URL of the server, database, and the row's number. */
export type SenderArguments = readonly [string, string, string];

const [url = '', database = '', number = ''] = process.argv.slice(2);
const client = createClient({ url, pathname: '/ingest', database });
await client.insert({
  table: 'requests',
  values: [{ id: Number(number), text: `from process ${number}` }],
  format: 'JSONEachRow',
});
process.exit(0);
