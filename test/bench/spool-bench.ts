/**
 * What an event costs: µs per append in a worker and µs of its share in sealing and preparing
 * segments between requests; and rows per second from the spool to a real ClickHouse through one
 * pool thread. `node test/bench/spool-bench.ts [--events N] [--json]`.
 *
 * The spool is filled and emptied in rounds, so that N may be ten million on a small disk; the
 * resident memory of the process is taken at the end of each round, and should not grow.
 */
import { randomInt } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { newId } from '../../src/domain/ids.ts';
import type { VerificationEvent } from '../../src/domain/verification-event.ts';
import { tasksPerThread } from '../../src/events/batch.ts';
import { createClickhouse } from '../../src/events/clickhouse.ts';
import type { Shipper } from '../../src/events/shipper.ts';
import type { SpoolWriter } from '../../src/events/spool-writer.ts';
import { verificationKind } from '../../src/events/verification-kind.ts';
import { clientOf, makeTables, startPrimary, temporaryFolder, testSpool } from '../events/river.ts';
import { verificationEvent } from '../events/verification-events.ts';
import { testClickhouse } from '../support/stores.ts';

const roundRows = 2_000_000;
const turnRows = 100;
/** Each of them belongs to one identity, as a key does. */
const keys = Array.from({ length: 100_000 }, (_, number) => ({
  keyId: newId('key'),
  keyspaceId: `ks_${number % 7}`,
  identityId: `id_${number % 30_000}`,
  externalId: `user_${number % 30_000}`,
}));
/** As in the product. */
const laneCount = tasksPerThread + 1;
const rowsMax = 250_000;
const segmentBytes = 4 * 1024 * 1024;

type Round = { appendUs: number; choresUs: number; rowsPerSecond: number; residentMb: number };

/**
 * Ids as random as real ones, or rows would compress too well; and parsed strings, as those of a
 * request are: concatenated ones are only put together when they are read.
 */
function makeEvents(first: number, count: number): VerificationEvent[] {
  const events = Array.from({ length: count }, (_, index) =>
    verificationEvent(first + index, {
      requestId: newId('request'),
      ...keys[randomInt(keys.length)],
      latencyUs: randomInt(3, 60),
    }),
  );
  return JSON.parse(JSON.stringify(events));
}

async function fill(writer: SpoolWriter, firstRow: number) {
  let appendMs = 0;
  let choresMs = 0;
  for (let row = 0; row < roundRows; row += turnRows) {
    const events = makeEvents(firstRow + row, turnRows);
    const startMs = performance.now();
    for (const event of events) writer.append(verificationKind, event);
    const choresStartMs = performance.now();
    appendMs += choresStartMs - startMs;
    await nextTurn();
    choresMs += performance.now() - choresStartMs;
  }
  await writer.seal();
  return { appendUs: (appendMs * 1000) / roundRows, choresUs: (choresMs * 1000) / roundRows };
}

async function empty(shipper: Shipper): Promise<number> {
  const startMs = performance.now();
  if (!(await shipper.drain(600_000))) throw new Error('the spool was not emptied in 10 minutes');
  return roundRows / ((performance.now() - startMs) / 1000);
}

async function runRounds(url: string, roundCount: number, isQuiet: boolean): Promise<Round[]> {
  const temporary = temporaryFolder();
  const spool = testSpool(temporary.path);
  const writer = spool.writer({ segmentBytes, spoolBytesMax: 2 ** 32 });
  // Nothing is due by size or age: the clock of each round starts with its drain.
  const limits = { rowsMax, segmentsMax: 500, ageMs: 3_600_000 };
  const rounds: Round[] = [];
  for (let round = 1; round <= roundCount; round++) {
    const filled = await fill(writer, round * roundRows);
    const primary = await startPrimary(spool, url, { limits, laneCount });
    const rowsPerSecond = await empty(primary.shipper);
    await primary.stop();
    rounds.push({ ...filled, rowsPerSecond, residentMb: process.memoryUsage.rss() / 2 ** 20 });
    if (!isQuiet) console.log(describe(rounds.at(-1) as Round, round, roundCount));
  }
  await writer.close();
  spool.close();
  temporary.remove();
  return rounds;
}

function describe(round: Round, number: number, count: number): string {
  const chores = `${round.choresUs.toFixed(2)} for chores`;
  const append = `${round.appendUs.toFixed(2)} µs per append, ${chores}`;
  const rate = `${Math.round(round.rowsPerSecond)} rows/s to ClickHouse`;
  return `${number}/${count}: ${append}, ${rate}, ${Math.round(round.residentMb)} MB resident`;
}

function median(values: number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

async function bytesPerRow(url: string): Promise<number> {
  const client = createClickhouse({ url, requestTimeoutMs: 300_000, connectionsMax: 1 });
  const table = 'key_verifications_raw_v1';
  await client.command({ query: `OPTIMIZE TABLE ${table} FINAL` });
  const query = `SELECT sum(bytes_on_disk) / sum(rows) AS bytes FROM system.parts
    WHERE database = currentDatabase() AND table = '${table}' AND active`;
  const rows = await (await client.query({ query, format: 'JSONEachRow' })).json();
  await client.close();
  return (rows[0] as { bytes: number }).bytes;
}

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '2000000' },
    json: { type: 'boolean', default: false },
  },
});
const store = await testClickhouse();
const client = clientOf(store.url);
await makeTables(client);
await client.close();
const roundCount = Math.max(1, Math.round(Number(values.events) / roundRows));
const rounds = await runRounds(store.url, roundCount, values.json);
const result = {
  appendUs: median(rounds.map((round) => round.appendUs)),
  choresUs: median(rounds.map((round) => round.choresUs)),
  rowsPerSecond: median(rounds.map((round) => round.rowsPerSecond)),
  residentMb: rounds.map((round) => Math.round(round.residentMb)),
  bytesPerRow: await bytesPerRow(store.url),
};
console.log(values.json ? JSON.stringify(result) : result);
await store.close();
