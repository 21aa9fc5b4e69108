import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { adoptMapping } from '../../src/lib/mapped-file.ts';
import { type FileThread, startFileThread } from '../../src/native/file-thread.ts';
import { mappedBytes } from '../support/mapped-bytes.ts';
import { waitFor } from '../support/wait-for.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-file-thread-'));
type Outcome = { errno: number; address: bigint };
const waiting: ((outcome: Outcome) => void)[] = [];
const thread = startFileThread((errno, address) => waiting.shift()?.({ errno, address }));
after(() => {
  thread?.stop();
  rmSync(folder, { recursive: true });
});

function outcomeOf(start: (thread: FileThread) => void) {
  assert.ok(thread, 'the native part is built');
  start(thread);
  return new Promise<Outcome>((resolve) => waiting.push(resolve));
}

const sizeBytes = 5_000_000;

test('a file that is made is zero, private, and of its size, however much is written', async () => {
  for (const writtenBytes of [0, 1000, 2 ** 21, 4_500_000]) {
    const path = join(folder, `made ü ${writtenBytes}`);
    const { errno, address } = await outcomeOf((one) =>
      one.make(path, sizeBytes, writtenBytes, [0, 4096]),
    );
    assert.equal(errno, 0);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.ok(readFileSync(path).equals(Buffer.alloc(sizeBytes)));
    const file = adoptMapping({ path, address, sizeBytes });
    new Uint8Array(file.buffer)[sizeBytes - 1] = 42;
    assert.equal(readFileSync(path)[sizeBytes - 1], 42);
    file.unmap();
  }
});

test('as many bytes as are wanted are made ready, and keep what they hold', async () => {
  const path = join(folder, 'ready');
  const ready: [number, number] = [4_000_000, 16 * 1024];
  const { address } = await outcomeOf((one) => one.make(path, sizeBytes, 0, ready));
  const file = adoptMapping({ path, address, sizeBytes });
  new Uint8Array(file.buffer).fill(42, 0, 1000);
  await waitFor('they are mapped', () => mappedBytes(path) >= 4_000_000);
  assert.ok(mappedBytes(path) < sizeBytes);
  assert.deepEqual(new Set(new Uint8Array(file.buffer, 0, 1000)), new Set([42]));
  file.unmap();
});

test('files are unmapped while they are being made ready, by whomever', async () => {
  const ready: [number, number] = [sizeBytes, 16 * 1024];
  for (let round = 0; round < 100; round += 1) {
    const path = join(folder, 'brief');
    const { address } = await outcomeOf((one) => one.make(path, sizeBytes, 0, ready));
    if (round % 2) adoptMapping({ path, address, sizeBytes }).unmap();
    const ended = (one: FileThread) =>
      one.end(round % 2 ? 0n : address, sizeBytes, 0, [path, `${path}.ended`]);
    assert.equal((await outcomeOf(ended)).errno, 0);
  }
  assert.equal(readFileSync('/proc/self/maps', 'utf8').includes('brief'), false);
});

test('many jobs that are given at once are done in order, each told once', async () => {
  const paths = Array.from({ length: 200 }, (_, index) => join(folder, `many-${index}`));
  const made = paths.map((path) => outcomeOf((one) => one.make(path, 8192, 0, [8192, 4096])));
  const nowhere = outcomeOf((one) => one.make(join(folder, 'no', 'such'), 8192, 0, [0, 4096]));
  const files = await Promise.all(made);
  assert.equal((await nowhere).errno, 2);
  const ended = files.map(({ address }, index) => {
    const path = paths[index] as string;
    return outcomeOf((one) => one.end(address, 8192, index, [path, `${path}.ended`]));
  });
  assert.deepEqual(new Set((await Promise.all(ended)).map(({ errno }) => errno)), new Set([0]));
  for (const [index, path] of paths.entries()) assert.equal(statSync(`${path}.ended`).size, index);
});

test('a file that is ended is unmapped, cut and renamed; then it is not there', async () => {
  const path = join(folder, 'first');
  const newPath = join(folder, 'second');
  const { address } = await outcomeOf((one) => one.make(path, sizeBytes, 0, [0, 4096]));
  const file = adoptMapping({ path, address, sizeBytes });
  new Uint8Array(file.buffer).fill(42);
  file.release();
  const ended = await outcomeOf((one) => one.end(address, sizeBytes, 1000, [path, newPath]));
  assert.equal(ended.errno, 0);
  assert.equal(existsSync(path), false);
  assert.ok(readFileSync(newPath).equals(Buffer.alloc(1000, 42)));
  assert.equal(readFileSync('/proc/self/maps', 'utf8').includes(newPath), false);
  const again = await outcomeOf((one) => one.end(0n, sizeBytes, 1000, [path, newPath]));
  assert.equal(again.errno, 2);
});

test('what the file system refuses is told by its number', async () => {
  const make = (path: string, bytes: number) =>
    outcomeOf((one) => one.make(path, bytes, 0, [0, 4096]));
  assert.equal((await make(join(folder, 'no', 'such'), 4096)).errno, 2);
  assert.ok([27, 28].includes((await make(join(folder, 'huge'), 2 ** 52)).errno));
  assert.ok([36, 2].includes((await make(join(folder, 'x'.repeat(5000)), 4096)).errno));
});

test('a process waits for a job that is under way, and for nothing else', () => {
  const script = join(folder, 'waits.mjs');
  const module = join(import.meta.dirname, '../../src/native/file-thread.ts');
  const path = join(folder, 'awaited');
  writeFileSync(
    script,
    `import { startFileThread } from ${JSON.stringify(module)};
    startFileThread(() => {});
    const thread = startFileThread((errno) => console.log('done', errno));
    thread.make(${JSON.stringify(path)}, ${sizeBytes}, ${sizeBytes}, [0, 4096]);`,
  );
  const node = [...process.execArgv.filter((one) => !one.startsWith('--test')), script];
  assert.equal(execFileSync(process.execPath, node, { encoding: 'utf8' }), 'done 0\n');
});
