import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { promisify } from 'node:util';
import { writeTemplate } from './contestant.ts';
import { nativeFolder } from './load.ts';

const run = promisify(execFile);

before(async () => {
  await run('make', ['-s', '-C', join(nativeFolder, '..'), 'build/load']);
});

/** 5 a second for 0.2 s and 0.4 s: at 0, 0.2 and 0.4 s. In floating point 5 × (0.2 + 0.4) > 3. */
test('an open loop that ends on the instant of a request owes no answer to it', async (t) => {
  const server = createServer((_request, response) => response.end('{"code":"VALID"}'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-load-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const template = writeTemplate(folder, 'get', { line: 'GET /', headers: [] });
  const options = {
    port: (server.address() as AddressInfo).port,
    template,
    rate: 5,
    'warm-up': 0.2,
    seconds: 0.4,
    connections: 1,
  };
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const { stdout } = await run(join(nativeFolder, 'load'), flags);
  const { answers, unexpected, unanswered } = JSON.parse(stdout);
  const found = { answers, unexpected, unanswered };
  assert.deepEqual(found, { answers: 3, unexpected: 0, unanswered: 0 });
});
