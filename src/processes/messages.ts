/** Everything that the processes of a node say to each other, as closed unions. */
import type { CreditAnswer } from '../domain/credit-answer.ts';
import type { LogFormat, LogLevel } from '../lib/logger.ts';

export type WorkerSettings = {
  /** Position among the workers, from 0: names its counters. A replacement takes it over. */
  slot: number;
  /** Unique among all workers that ever ran: names its spool segments. */
  owner: string;
  host: string;
  port: number;
  /** Of the first worker; empty: none. */
  socket: string;
  databaseUrl: string;
  /** Of the views that customers query. */
  clickhouseReaderUrl: string;
  dataDir: string;
  replicaPath: string;
  bodyBytesMax: number;
  spoolBytesMax: number;
  /** Empty: no ingest. */
  ingestUsersFile: string;
  ingestBytesMax: number;
  drainMs: number;
  forwardAuthApis: readonly string[];
  /** Whether the native engine decides what is usual, if it is there. */
  allowsEngine: boolean;
  /** The text of the master keys; empty: none. */
  masterKey: string;
  logLevel: LogLevel;
  logFormat: LogFormat;
};

/**
 * How a worker ends: `stop` waits for requests under way, `leave` for its connections to go, and
 * `replace` first gives all new connections to the newest of the workers that listen.
 */
export type Drain = { mode: 'stop' | 'leave' } | { mode: 'replace'; listenerCount: number };

export type ToWorker =
  | { kind: 'start'; settings: WorkerSettings }
  | { kind: 'applied'; waitId: number }
  | { kind: 'credits-answered'; askId: number; answer: CreditAnswer | undefined }
  | { kind: 'switch-replica'; path: string }
  | { kind: 'seal-events' }
  | { kind: 'drain'; drain: Drain };

export type FromWorker =
  /** `missesStripped`: it had to strip a source of its types. */
  | { kind: 'listening'; missesStripped: boolean }
  | { kind: 'not-listening' }
  | { kind: 'await-applied'; waitId: number }
  | { kind: 'ask-credits'; askId: number; keyId: string; cost: number }
  /** Answered with `credits-answered`, without an answer. */
  | { kind: 'settle-credits'; askId: number; keyIds: readonly string[] }
  | { kind: 'replica-switched'; path: string }
  | { kind: 'events-sealed' }
  | { kind: 'segment-sealed' };
