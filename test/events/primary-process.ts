/** A primary for tests that kill. Arguments: folder, URL of ClickHouse. Prints what it inserted. */
import { startPrimary, testSpool } from './river.ts';

const [folder = '', url = ''] = process.argv.slice(2);
const limits = { rowsMax: 500, segmentsMax: 20, ageMs: 20 };
const { shipper } = await startPrimary(testSpool(folder), url, {
  laneCount: 2,
  limits,
  scanMs: 10,
});
setInterval(() => process.stdout.write(`${shipper.totals().insertedRows}\n`), 10);
