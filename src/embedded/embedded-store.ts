import type { Logger } from '../lib/logger.ts';

export type EmbeddedStoreOptions = {
  /** Belongs to this store alone; created with mode 0700 when it is missing. */
  folder: string;
  logger: Logger;
  /** The port on 127.0.0.1. Left out: the port of the last start if it is free, else a free one. */
  port?: number;
};

/** How a process ended: an exit code, or the signal that killed it. */
export type StoreExit = { code: number | null; signal: NodeJS.Signals | null };

/** A database server that this process started, and that ends when this process does. */
export type EmbeddedStore = {
  /** With user, password and the database `latchkey`. A secret. */
  readonly url: string;
  /** Of the server itself, not of a shell around it. */
  readonly pid: number;
  /** Resolves when the server has ended, by `stop` or by itself. */
  readonly exited: Promise<StoreExit>;
  /** Stops the server and waits for its end. Safe to call twice, and after it ended by itself. */
  stop(): Promise<void>;
};
