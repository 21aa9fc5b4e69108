/**
 * A worker for tests that kill: appends events from a number on, without end, and writes each
 * number to standard output once its event is spooled.
 */
import { writeSync } from 'node:fs';
import { openSpoolCounters } from '../../src/events/spool-counters.ts';
import { createSpoolWriter } from '../../src/events/spool-writer.ts';
import { verificationKind } from '../../src/events/verification-kind.ts';
import { verificationEvent } from './verification-events.ts';

/** Folder, owner, first number, events per turn of the event loop. */
export type AppenderArguments = readonly [string, string, string, string];

const [folder = '', owner = '', first = '0', perTurn = '1'] = process.argv.slice(2);
const writer = createSpoolWriter({
  folder,
  owner,
  segmentBytes: 16 * 1024,
  segmentAgeMs: 20,
  spoolBytesMax: 2 ** 30,
  clock: Date.now,
  counters: openSpoolCounters(folder),
});
let number = Number(first);

function turn(): void {
  for (let count = 0; count < Number(perTurn); count++) {
    if (!writer.append(verificationKind, verificationEvent(number))) process.exit(3);
    writeSync(1, `${number}\n`);
    number += 1;
  }
  setImmediate(turn);
}
turn();
