import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { processesOver } from '../support/processes-over.ts';
import { waitFor } from '../support/wait-for.ts';

const mainFile = join(import.meta.dirname, '../../src/main.ts');

for (const { moment, path } of [
  { moment: 'the embedded stores are made', path: 'postgres' },
  { moment: 'the first copy is made', path: 'shared/store-urls.json' },
]) {
  test(`a stop while ${moment} is a clean stop, and leaves nothing running`, async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-interrupted-'));
    const settings = {
      LATCHKEY_DATA_DIR: dataDir,
      LATCHKEY_PORT: String(await freePort()),
      LATCHKEY_ADMIN_PORT: String(await freePort()),
      LATCHKEY_WORKERS: '1',
    };
    const env = { ...process.env, ...settings };
    const child = spawn(process.execPath, [mainFile, 'start'], { env, stdio: 'ignore' });
    const exited = once(child, 'exit');
    await waitFor('that moment', () => existsSync(join(dataDir, path)), 30_000);
    child.kill('SIGTERM');
    assert.deepEqual(await exited, [0, null]);
    await waitFor('nothing is left running', () => processesOver(dataDir).length === 0);
    rmSync(dataDir, { recursive: true });
  });
}
