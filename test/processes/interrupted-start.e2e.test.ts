import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { processesOver } from '../support/processes-over.ts';
import { waitFor } from '../support/wait-for.ts';

const mainFile = join(import.meta.dirname, '../../src/main.js');

async function startOver(dataDir: string) {
  const port = await freePort();
  const settings = {
    LATCHKEY_DATA_DIR: dataDir,
    LATCHKEY_PORT: String(port),
    LATCHKEY_ADMIN_PORT: String(await freePort()),
    LATCHKEY_WORKERS: '1',
  };
  const env = { ...process.env, ...settings };
  const stdio = ['ignore', 'ignore', 'pipe'] as const;
  const child = spawn(process.execPath, [mainFile, 'start'], { env, stdio: [...stdio] });
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    log += text;
  });
  const exited = once(child, 'exit');
  return {
    port,
    log: () => log,
    reaches: (path: string) =>
      waitFor(`${path} is there`, () => existsSync(join(dataDir, path)), 30_000),
    async stopCleanly() {
      child.kill('SIGTERM');
      assert.deepEqual(await exited, [0, null]);
      await waitFor('nothing is left running', () => processesOver(dataDir).length === 0);
      rmSync(dataDir, { recursive: true });
    },
  };
}

for (const { moment, path } of [
  { moment: 'the embedded stores are made', path: 'postgres' },
  { moment: 'the first copy is made', path: 'shared/store-urls.json' },
]) {
  test(`a stop while ${moment} is a clean stop, and leaves nothing running`, async () => {
    const start = await startOver(mkdtempSync(join(tmpdir(), 'latchkey-interrupted-')));
    await start.reaches(path);
    await start.stopCleanly();
  });
}

test('a stop while no worker can listen is a clean stop', async () => {
  const start = await startOver(mkdtempSync(join(tmpdir(), 'latchkey-interrupted-')));
  // Ports were looked at before.
  await start.reaches('postgres');
  const stranger = createServer().listen({ port: start.port, host: '127.0.0.1', exclusive: true });
  await once(stranger, 'listening');
  await waitFor('a worker fails', () => start.log().includes('starting another'), 60_000);
  await start.stopCleanly();
  stranger.close();
});
