/** A primary for tests that kill: prints how many rows it has inserted, again and again. */
import { startPrimary, testSpool } from './river.ts';

/** Folder and URL of ClickHouse. */
export type PrimaryArguments = readonly [string, string];

const [folder = '', url = ''] = process.argv.slice(2);
const limits = { rowsMax: 500, segmentsMax: 20, ageMs: 20 };
const { shipper } = await startPrimary(testSpool(folder), url, {
  laneCount: 2,
  limits,
  scanMs: 10,
});
setInterval(() => process.stdout.write(`${shipper.totals().insertedRows}\n`), 10);
