import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { lockFile } from '../../src/lib/file-lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-lock-'));
after(() => rmSync(folder, { recursive: true }));

test('a lock is held once, until it is released', () => {
  const path = join(folder, 'once');
  const lock = lockFile(path);
  assert.ok(lock);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(lockFile(path), undefined);
  lock.release();
  const again = lockFile(path);
  assert.ok(again);
  again.release();
});

test('the lock of a process that is killed is free', async () => {
  const path = join(folder, 'killed');
  const module = new URL('../../src/lib/file-lock.ts', import.meta.url).href;
  const source = `
    const { lockFile } = await import(${JSON.stringify(module)});
    process.stdout.write(lockFile(${JSON.stringify(path)}) ? 'held' : 'refused');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source]);
  const [said] = await once(child.stdout, 'data');
  assert.equal(String(said), 'held');
  assert.equal(lockFile(path), undefined);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const lock = lockFile(path);
  assert.ok(lock);
  lock.release();
});

test('a file that cannot be made is an error with its code, not a lock held by others', () => {
  assert.throws(() => lockFile(join(folder, 'missing', 'lock')), { code: 'ENOENT' });
});
