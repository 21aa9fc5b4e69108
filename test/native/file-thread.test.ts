import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { adoptMapping } from '../../src/lib/mapped-file.ts';
import { type FileThread, startFileThread } from '../../src/native/file-thread.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-file-thread-'));
let tell: (outcome: { errno: number; address: bigint }) => void = () => {};
const thread = startFileThread((errno, address) => tell({ errno, address }));
after(() => {
  thread?.stop();
  rmSync(folder, { recursive: true });
});

function outcomeOf(start: (thread: FileThread) => void) {
  assert.ok(thread, 'the native part is built');
  const told = new Promise<{ errno: number; address: bigint }>((resolve) => {
    tell = resolve;
  });
  start(thread);
  return told;
}

const sizeBytes = 5_000_000;

test('a file that is made is zero, private, and of its size, however much is written', async () => {
  for (const writtenBytes of [0, 1000, 2 ** 21, 4_500_000]) {
    const path = join(folder, `made ü ${writtenBytes}`);
    const { errno, address } = await outcomeOf((one) => one.make(path, sizeBytes, writtenBytes));
    assert.equal(errno, 0);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.ok(readFileSync(path).equals(Buffer.alloc(sizeBytes)));
    const file = adoptMapping({ path, address, sizeBytes });
    new Uint8Array(file.buffer)[sizeBytes - 1] = 42;
    assert.equal(readFileSync(path)[sizeBytes - 1], 42);
    file.unmap();
  }
});

test('pages made ready keep what they hold, and those that are gone harm nobody', async () => {
  const path = join(folder, 'ready');
  const { address } = await outcomeOf((one) => one.make(path, sizeBytes, 0));
  const file = adoptMapping({ path, address, sizeBytes });
  new Uint8Array(file.buffer).fill(42);
  const populate = (one: FileThread) => one.populate(address, sizeBytes, 16 * 1024);
  assert.equal((await outcomeOf(populate)).errno, 0);
  assert.deepEqual(new Set(new Uint8Array(file.buffer)), new Set([42]));
  file.unmap();
  assert.equal((await outcomeOf(populate)).errno, 0);
});

test('a file that is ended is unmapped, cut and renamed; then it is not there', async () => {
  const path = join(folder, 'first');
  const newPath = join(folder, 'second');
  const { address } = await outcomeOf((one) => one.make(path, sizeBytes, 0));
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
  const make = (path: string, bytes: number) => outcomeOf((one) => one.make(path, bytes, 0));
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
    thread.make(${JSON.stringify(path)}, ${sizeBytes}, ${sizeBytes});`,
  );
  const node = [...process.execArgv.filter((one) => !one.startsWith('--test')), script];
  assert.equal(execFileSync(process.execPath, node, { encoding: 'utf8' }), 'done 0\n');
});
