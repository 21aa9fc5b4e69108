/**
 * An embedded store that runs for as long as the node does: one that ends by itself is started
 * again on its port. Its first start may be left to a later moment, its address is known before.
 */
import type { EmbeddedStore, EmbeddedStoreOptions } from '../embedded/embedded-store.ts';
import { choosePort, openStoreFolder } from '../embedded/store-folder.ts';
import { createBackoff } from '../lib/backoff.ts';

export type KeptStore = {
  url: string;
  /** Resolves when it was first up, or when it is stopped before. */
  ready: Promise<void>;
  stop(): Promise<void>;
};

type Start = (options: EmbeddedStoreOptions) => Promise<EmbeddedStore>;

/** Rejects with a sentence that says what to do when the store does not start. */
export async function keepStore(start: Start, options: EmbeddedStoreOptions): Promise<KeptStore> {
  const first = await start(options);
  const port = Number(new URL(first.url).port);
  return keep(start, { ...options, port }, { url: first.url, first: Promise.resolve(first) });
}

export type LaterStart = {
  start: Start;
  options: EmbeddedStoreOptions;
  /** The address that the store will have on this port. */
  urlOf(port: number): string;
  /** Not before this. From then on it is tried until it works. */
  turn: Promise<void>;
};

export async function keepStoreLater(later: LaterStart): Promise<KeptStore> {
  const { start, options, urlOf, turn } = later;
  openStoreFolder(options.folder);
  const port = await choosePort(options.folder);
  const first = turn.then(() => undefined);
  return keep(start, { ...options, port }, { url: urlOf(port), first });
}

type Beginning = { url: string; first: Promise<EmbeddedStore | undefined> };

function keep(start: Start, options: EmbeddedStoreOptions, { url, first }: Beginning): KeptStore {
  const { logger, folder } = options;
  const backoff = createBackoff(100, 5000);
  const stopping = Promise.withResolvers<undefined>();
  const ready = Promise.withResolvers<void>();
  let isStopping = false;
  let store: EmbeddedStore | undefined;
  const watching = watch();

  async function watch(): Promise<void> {
    store = await Promise.race([first, stopping.promise]);
    for (;;) {
      store ??= await startAgain();
      ready.resolve();
      // One that came up while it was being stopped is stopped by who waits for this.
      if (!store || isStopping) return;
      const exit = await store.exited;
      if (isStopping) return;
      logger.error({ folder, ...exit }, 'an embedded store ended by itself; starting it again');
      store = undefined;
    }
  }

  async function startAgain(): Promise<EmbeddedStore | undefined> {
    while (!isStopping) {
      try {
        const next = await start(options);
        backoff.reset();
        return next;
      } catch (error) {
        logger.error({ folder, err: error }, 'an embedded store does not start');
        await new Promise((resolve) => setTimeout(resolve, backoff.nextMs()));
      }
    }
    return undefined;
  }

  return {
    url,
    ready: ready.promise,
    async stop() {
      isStopping = true;
      stopping.resolve(undefined);
      await store?.stop();
      await watching;
      await store?.stop();
    },
  };
}
