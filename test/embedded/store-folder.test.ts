import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  choosePort,
  keptPassword,
  openStoreFolder,
  openStoreLog,
} from '../../src/embedded/store-folder.ts';

const folder = join(mkdtempSync(join(tmpdir(), 'latchkey-store-folder-')), 'deep', 'store');
openStoreFolder(folder);
after(() => rmSync(join(folder, '../..'), { recursive: true }));

test('a password is made once and is readable by its owner alone', () => {
  const password = keptPassword(folder);
  assert.match(password, /^[0-9a-f]{32}$/);
  assert.equal(keptPassword(folder), password);
  assert.equal(statSync(join(folder, 'password')).mode & 0o777, 0o600);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
});

test('a port is kept while it is free', async () => {
  const port = await choosePort(folder);
  assert.ok(port >= 20_000 && port < 32_768, `a connection could get port ${port}`);
  assert.equal(await choosePort(folder), port);
  assert.equal(await choosePort(folder, port), port);
  const taker = createServer();
  await new Promise<void>((resolve) => taker.listen(port, '127.0.0.1', resolve));
  const other = await choosePort(folder);
  assert.notEqual(other, port);
  await assert.rejects(choosePort(folder, port), /is taken/);
  await new Promise((resolve) => taker.close(resolve));
  assert.equal(await choosePort(folder), other);
});

test('the tail of a log is what was written since it was opened, without stacks', () => {
  writeFileSync(join(folder, 'log'), 'from before\n');
  const log = openStoreLog(folder);
  assert.equal(log.tail(9), '');
  writeSync(log.fd, 'one\ntwo, Stack trace:\n\n0. ? @ 0x000000000f1004c3\n12. main @ 0x1\nthree\n');
  assert.equal(log.tail(9), 'one\ntwo, Stack trace:\nthree');
  assert.equal(log.tail(1), 'three');
  log.close();
});

test('a log that has grown large is set aside, and only one such is kept', () => {
  for (const text of ['a', 'b']) {
    writeFileSync(join(folder, 'log'), text.repeat(5 * 2 ** 20));
    openStoreLog(folder).close();
    assert.equal(readFileSync(join(folder, 'log.1'), 'latin1')[0], text);
    assert.equal(statSync(join(folder, 'log')).size, 0);
  }
});
