/** What lies in quarantine, for people: `quarantine.ts` and the shipper put it there. */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { parseSealedName } from './segment-name.ts';

export type QuarantineFile = {
  file: string;
  /** 0 for what is neither rows nor a segment whose name says so. */
  rowCount: number;
  /** Of the first row; empty for a segment. One line, no longer than people read. */
  reason: string;
};

const reasonLengthMax = 120;

/** By name; empty before the first start. Does not change anything. */
export function readQuarantine(spool: string): QuarantineFile[] {
  const folder = join(spool, 'quarantine');
  return namesIn(folder).map((file) => {
    if (file.endsWith('.jsonl')) return { file, ...readRows(join(folder, file)) };
    return { file, rowCount: parseSealedName(file)?.frameCount ?? 0, reason: '' };
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.endsWith('.part'))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

const lineFeed = 10;
const chunkBytes = 65_536;

/** Piece by piece: a file may be as large as a batch. */
function readRows(path: string): { rowCount: number; reason: string } {
  const chunk = Buffer.alloc(chunkBytes);
  const fd = openSync(path, 'r');
  try {
    let rowCount = 0;
    let reason = '';
    for (let byteLength = readSync(fd, chunk); byteLength > 0; byteLength = readSync(fd, chunk)) {
      const bytes = chunk.subarray(0, byteLength);
      if (reason === '') reason = reasonOf(bytes.toString());
      for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, at + 1)) {
        rowCount += 1;
      }
    }
    return { rowCount, reason };
  } finally {
    closeSync(fd);
  }
}

/** The line may be longer than what was read: its reason stands before the fields. */
function reasonOf(text: string): string {
  const [, quoted] = /"reason":("(?:[^"\\]|\\.)*")/.exec(text) ?? [];
  const reason = quoted === undefined ? '' : String(JSON.parse(quoted));
  const line = reason.replace(/\s+/g, ' ').trim();
  return line.length > reasonLengthMax ? `${line.slice(0, reasonLengthMax - 1)}…` : line;
}
