import type { AwaitApplied } from '../http/management.ts';
import type { Logger } from '../lib/logger.ts';
import type { FromWorker, WorkerSettings } from './messages.ts';

/** What each part of a worker is given. */
export type WorkerOptions = {
  settings: WorkerSettings;
  awaitApplied: AwaitApplied;
  send(message: FromWorker): void;
  logger: Logger;
};
