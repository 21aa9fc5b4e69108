import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { silentLogger as logger } from '../../src/lib/logger.ts';
import { waitFor } from '../support/wait-for.ts';
import {
  killNow,
  pidsOver,
  spawnOwner,
  stores,
  temporaryFolder,
  watchersOf,
} from './store-fixtures.ts';

const { folder, remove } = temporaryFolder();
after(remove);

const start = () =>
  Promise.all(stores.map((store) => store.start({ folder: join(folder, store.name), logger })));

test('SIGKILL of their owner ends both stores, and another owner starts them again', async () => {
  const { owner, urls } = await spawnOwner(folder);
  await killNow(owner);
  await waitFor('no store', () => pidsOver(folder).length === 0);
  const again = await start();
  assert.deepEqual(
    again.map(({ url }) => url),
    urls,
  );
  await Promise.all(again.map((store) => store.stop()));
});

test('a start right after the SIGKILL of the owner waits for the stores to end', async () => {
  const { owner, pids } = await spawnOwner(folder);
  await killNow(owner);
  const again = await start();
  assert.ok(pids.every((pid) => !pidsOver(folder).includes(pid)));
  await Promise.all(again.map((store) => store.stop()));
});

test('an orphan whose watcher was killed too is ended by the next start', async () => {
  const { owner, pids } = await spawnOwner(folder);
  const watchers = watchersOf(pidsOver(folder));
  assert.equal(watchers.length, 2);
  for (const watcher of watchers) process.kill(watcher, 'SIGKILL');
  await killNow(owner);
  const again = await start();
  assert.ok(pids.every((pid) => !pidsOver(folder).includes(pid)));
  await Promise.all(again.map((store) => store.stop()));
});

test('a process that has a dead store’s pid today keeps nothing from starting', async () => {
  const { owner, pids } = await spawnOwner(folder);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await killNow(owner);
  await waitFor('no store', () => pidsOver(folder).length === 0);
  // As after a restart of a container: the pid on record runs again, as something else.
  for (const { name } of stores) {
    const path = join(folder, name, 'instance.json');
    const instance = { ...JSON.parse(readFileSync(path, 'utf8')), serverPid: process.ppid };
    writeFileSync(path, JSON.stringify(instance));
  }
  const lockPath = join(folder, 'PostgreSQL', 'cluster', 'postmaster.pid');
  const lock = readFileSync(lockPath, 'utf8').replace(/^\d+/, String(process.ppid));
  writeFileSync(lockPath, lock);
  const again = await start();
  await Promise.all(again.map((store) => store.stop()));
});
