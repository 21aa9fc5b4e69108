/** What a store keeps beside its database: a secret, a port and a log. */
import { randomBytes, randomInt } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

const logBytesMax = 4 * 2 ** 20;
/** Registered to few, and below what Linux (32,768) and macOS (49,152) give to connections. */
const quietPorts = { first: 20_000, end: 32_768 };
const freePortTries = 20;

export function openStoreFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
}

/** The password of this folder's store: 32 hexadecimal digits, made once, readable by us alone. */
export function keptPassword(folder: string): string {
  const path = join(folder, 'password');
  const kept = readIfThere(path);
  if (kept) return kept;
  const password = randomBytes(16).toString('hex');
  writeFileSync(`${path}.new`, password, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return password;
}

/**
 * `wished`, or the port on 127.0.0.1 that the last start used, or another one when that is taken.
 * Nothing holds it for the caller: somebody else may take it before the server does. Throws when
 * the wished one is taken.
 */
export async function choosePort(folder: string, wished?: number): Promise<number> {
  const path = join(folder, 'port');
  if (wished !== undefined) {
    if ((await listenOnce(wished)) !== undefined) return wished;
    throw new Error(`port ${wished} of 127.0.0.1 is taken; choose another`);
  }
  const kept = Number(readIfThere(path));
  if (kept > 0 && (await listenOnce(kept)) !== undefined) return kept;
  const port = await freePort();
  if (port === undefined) throw new Error('no port of 127.0.0.1 is free');
  writeFileSync(path, String(port), { mode: 0o600 });
  return port;
}

/**
 * Rather one that the kernel gives to no connection: the server may be started later, and could be
 * kept from it for as long as such a connection lives.
 */
async function freePort(): Promise<number | undefined> {
  for (let tries = 0; tries < freePortTries; tries += 1) {
    const port = await listenOnce(randomInt(quietPorts.first, quietPorts.end));
    if (port !== undefined) return port;
  }
  return listenOnce(0);
}

/** The port that was free a moment ago; 0 asks the kernel for one. Undefined when it is taken. */
function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      const found = address && typeof address === 'object' ? address.port : undefined;
      server.close(() => resolve(found));
    });
  });
}

export type StoreLog = {
  /** For the standard output and error of the server. */
  readonly fd: number;
  /** The last lines written since it was opened, at most `lineCount`, without stack frames. */
  tail(lineCount: number): string;
  close(): void;
};

/** Appends to `log` of the folder; one that has grown large is set aside as `log.1` first. */
export function openStoreLog(folder: string): StoreLog {
  const path = join(folder, 'log');
  const sizeBytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (sizeBytes > logBytesMax) renameSync(path, `${path}.1`);
  const fd = openSync(path, 'a+', 0o600);
  const startBytes = fstatSync(fd).size;
  return {
    fd,
    tail(lineCount) {
      const endBytes = fstatSync(fd).size;
      const fromBytes = Math.max(startBytes, endBytes - 16_384);
      const bytes = Buffer.alloc(Math.max(0, endBytes - fromBytes));
      readSync(fd, bytes, 0, bytes.length, fromBytes);
      const lines = bytes.toString('utf8').split('\n');
      return lines.filter(isTelling).slice(-lineCount).join('\n');
    },
    close() {
      closeSync(fd);
    },
  };
}

/** ClickHouse adds a stack to its errors, `7. ? @ 0x000000000f1004c3` and so on. */
function isTelling(line: string): boolean {
  return line.trim() !== '' && !/^\d+\. .* @ 0x/.test(line);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
