/** Everything that the processes of a node say to each other, as closed unions. */
import type { LogFormat, LogLevel } from '../lib/logger.ts';

export type WorkerSettings = {
  /** Position among the workers, from 0: names its counters. A replacement takes it over. */
  slot: number;
  /** Unique among all workers that ever ran: names its spool segments. */
  owner: string;
  host: string;
  port: number;
  databaseUrl: string;
  dataDir: string;
  replicaPath: string;
  bodyBytesMax: number;
  spoolBytesMax: number;
  drainMs: number;
  logLevel: LogLevel;
  logFormat: LogFormat;
};

/** How a worker ends: `stop` waits for requests under way, `replace` for connections to go. */
export type DrainMode = 'stop' | 'replace';

export type ToWorker =
  | { kind: 'start'; settings: WorkerSettings }
  | { kind: 'applied'; waitId: number }
  | { kind: 'switch-replica'; path: string }
  | { kind: 'drain'; mode: DrainMode };

export type FromWorker =
  | { kind: 'listening' }
  | { kind: 'not-listening' }
  | { kind: 'await-applied'; waitId: number }
  | { kind: 'replica-switched'; path: string }
  | { kind: 'segment-sealed' };
