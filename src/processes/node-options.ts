import type { Config } from '../config/options.ts';
import type { LogFormat, Logger } from '../lib/logger.ts';
import type { WaitingWorkers } from './waiting-workers.ts';

export type NodeOptions = {
  config: Config;
  /** Made before, to be told what to do; those that nobody needs are ended. */
  waiting: WaitingWorkers;
  logger: Logger;
  logFormat: LogFormat;
  /** Aborts a start that is still waiting for something. */
  signal: AbortSignal;
};
