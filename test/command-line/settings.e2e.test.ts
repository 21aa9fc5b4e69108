import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { type Ended, runLatchkey } from '../support/run-latchkey.ts';
import { startServer } from '../support/server.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-settings-'));
after(() => rmSync(folder, { recursive: true }));

function assertNoTrace({ output, complaint }: Ended): void {
  assert.ok(!/\n\s+at /.test(output + complaint), output + complaint);
}

test('every problem with the settings is said at once, by name, with what is allowed', async () => {
  const ended = await runLatchkey(['start', '--log-level', 'loud'], {
    LATCHKEY_DATA_DIR: folder,
    LATCHKEY_PORT: '0',
    LATCHKEY_WORKERS: 'many',
    LATCHKEY_DATABASE_URL: 'mysql://user:secret@host/x',
    LATCHKEY_PROT: '7070',
  });
  assert.equal(ended.code, 2);
  assert.equal(ended.output, '');
  assertNoTrace(ended);
  const [head, ...problems] = ended.complaint.trimEnd().split('\n');
  assert.equal(head, 'latchkey: these settings cannot be used:');
  assert.deepEqual(problems.sort(), [
    "  --log-level must be one of debug, info, warn, error, silent, not 'loud'",
    '  LATCHKEY_DATABASE_URL must be a URL starting with postgres:// or postgresql://',
    "  LATCHKEY_PORT must be a whole number from 1 to 65535, not '0'",
    '  LATCHKEY_PROT is not a setting; `latchkey start --help` lists them',
    "  LATCHKEY_WORKERS must be a whole number from 0 to 1024, not 'many'",
  ]);
});

test('a port that is in use is one sentence and exit code 1', async () => {
  const other = createServer();
  const [port, adminPort] = [await freePort(), await freePort()];
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  for (const [api, admin, setting] of [
    [port, adminPort, 'LATCHKEY_PORT or LATCHKEY_HOST'],
    [adminPort, port, 'LATCHKEY_ADMIN_PORT'],
  ] as const) {
    const ended = await runLatchkey(['start'], {
      LATCHKEY_DATA_DIR: folder,
      LATCHKEY_PORT: String(api),
      LATCHKEY_ADMIN_PORT: String(admin),
    });
    assert.equal(ended.code, 1);
    assert.equal(
      ended.complaint,
      `latchkey: cannot listen on 127.0.0.1:${port}: it is in use by another program. ` +
        `Set ${setting}.\n`,
    );
  }
  await new Promise((resolve) => other.close(resolve));
});

test('a second start on the same folder is one sentence, and the first goes on', async () => {
  const server = await startServer({ workers: 1 });
  try {
    const ended = await runLatchkey(['start', '--json'], {
      LATCHKEY_DATA_DIR: server.dataDir,
      LATCHKEY_PORT: String(await freePort()),
      LATCHKEY_ADMIN_PORT: String(await freePort()),
    });
    assert.equal(ended.code, 1);
    const { error } = JSON.parse(ended.output) as { error: string };
    assert.match(error, /^another latchkey is running on this data folder \([^\n]+$/);
    assert.equal((await fetch(`${server.url}/v2/liveness`)).status, 200);
  } finally {
    await server.close();
  }
});

test('a folder that cannot be used is one sentence', async () => {
  const path = join(folder, 'a-file');
  writeFileSync(path, '');
  const ended = await runLatchkey(['start'], { LATCHKEY_DATA_DIR: path });
  assert.equal(ended.code, 1);
  assertNoTrace(ended);
  assert.match(ended.complaint, /^latchkey: [^\n]*a-file[^\n]*\n$/);
});

test('the help of start is what it was', async () => {
  const { code, output } = await runLatchkey(['start', '--help']);
  assert.equal(code, 0);
  const path = join(import.meta.dirname, 'start-help.txt');
  const isSame = output === readFileSync(path, 'utf8');
  assert.ok(
    isSame,
    'bin/latchkey start --help > test/command-line/start-help.txt, and read the diff',
  );
});
