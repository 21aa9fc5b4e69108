import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EmbeddedStore, StoreExit } from '../../src/embedded/embedded-store.ts';
import { silentLogger as logger } from '../../src/lib/logger.ts';
import { keepStore, keepStoreLater } from '../../src/processes/kept-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-kept-'));
after(() => rmSync(folder, { recursive: true }));

/** Stores that come up when they are told to. */
function fakeStores() {
  const starts: { port: number | undefined; comeUp(): void; refuse(): void; end(): void }[] = [];
  let runningCount = 0;
  const start = ({ port }: { port?: number }): Promise<EmbeddedStore> => {
    const up = Promise.withResolvers<EmbeddedStore>();
    const exited = Promise.withResolvers<StoreExit>();
    let isRunning = false;
    const end = () => {
      if (isRunning) runningCount -= 1;
      isRunning = false;
      exited.resolve({ code: 0, signal: null });
    };
    const store = {
      url: `http://127.0.0.1:${port ?? 7}/`,
      pid: 1,
      exited: exited.promise,
      stop: async () => end(),
    };
    starts.push({
      port,
      comeUp() {
        runningCount += 1;
        isRunning = true;
        up.resolve(store);
      },
      refuse: () => up.reject(new Error('not now')),
      end,
    });
    return up.promise;
  };
  return { starts, start, runningCount: () => runningCount };
}

function later(fakes: ReturnType<typeof fakeStores>, turn: Promise<void>) {
  const urlOf = (port: number) => `http://127.0.0.1:${port}/`;
  return keepStoreLater({ start: fakes.start, options: { folder, logger }, urlOf, turn });
}

test('a store that ends by itself is started again on its port', async () => {
  const fakes = fakeStores();
  const keeping = keepStore(fakes.start, { folder, logger });
  fakes.starts[0]?.comeUp();
  const store = await keeping;
  await store.ready;
  fakes.starts[0]?.end();
  await nextTurn();
  assert.equal(fakes.starts[1]?.port, 7);
  fakes.starts[1]?.comeUp();
  await nextTurn();
  await store.stop();
  assert.equal(fakes.runningCount(), 0);
});

test('a store for later is not started before its turn, and has its address before', async () => {
  const fakes = fakeStores();
  const turn = Promise.withResolvers<void>();
  const store = await later(fakes, turn.promise);
  await nextTurn();
  assert.equal(fakes.starts.length, 0);
  turn.resolve();
  await nextTurn();
  assert.equal(store.url, `http://127.0.0.1:${fakes.starts[0]?.port}/`);
  let isReady = false;
  store.ready.then(() => {
    isReady = true;
  });
  await nextTurn();
  assert.equal(isReady, false);
  fakes.starts[0]?.comeUp();
  await store.ready;
  await store.stop();
  assert.equal(fakes.runningCount(), 0);
});

test('a store for later that does not start is tried again', async () => {
  const fakes = fakeStores();
  const store = await later(fakes, Promise.resolve());
  await nextTurn();
  fakes.starts[0]?.refuse();
  while (fakes.starts.length < 2) await nextTurn();
  fakes.starts[1]?.comeUp();
  await store.ready;
  await store.stop();
  assert.equal(fakes.runningCount(), 0);
});

test('a store for later that is stopped before its turn is never started', async () => {
  const fakes = fakeStores();
  const store = await later(fakes, new Promise(() => {}));
  await store.stop();
  await store.ready;
  assert.equal(fakes.starts.length, 0);
});

test('a store that comes up while it is being stopped is stopped', async () => {
  const fakes = fakeStores();
  const store = await later(fakes, Promise.resolve());
  await nextTurn();
  const stopped = store.stop();
  fakes.starts[0]?.comeUp();
  await stopped;
  assert.equal(fakes.runningCount(), 0);
});
