import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openInnerSocket } from '../../src/processes/worker-door.ts';

/** A folder whose path is longer than that of a socket may be. */
function longFolder(): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'latchkey-inner-')), 'f'.repeat(120));
  mkdirSync(folder);
  return folder;
}

for (const [where, failureCount] of [
  ['in the folder', 0],
  ['elsewhere, where the folder can have none', 1],
] as const) {
  test(`the socket behind the door has no name, and can be connected to: ${where}`, async () => {
    const folder = longFolder();
    const server = createServer((socket) => socket.end('inner'));
    const paths: string[] = [];
    const inner = await openInnerSocket(folder, 'socket', async (path) => {
      paths.push(path);
      if (paths.length <= failureCount) return false;
      server.listen(path);
      await once(server, 'listening');
      return true;
    });
    assert.ok(inner);
    assert.equal(paths.length, failureCount + 1);
    assert.deepEqual(readdirSync(folder), []);
    const client = connect(inner.path);
    const [text] = await once(client.setEncoding('latin1'), 'data');
    assert.equal(text, 'inner');
    inner.close();
    server.close();
    rmSync(join(folder, '..'), { recursive: true });
  });
}

test('without any place for it there is none', async () => {
  const folder = longFolder();
  assert.equal(await openInnerSocket(folder, 'socket', async () => false), undefined);
  rmSync(join(folder, '..'), { recursive: true });
});
