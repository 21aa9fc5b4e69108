import { createRequire } from 'node:module';
import { pino } from 'pino';
import type pinoPretty from 'pino-pretty';

/** Loaded only where a person reads: it takes a process 60 ms that a worker need not spend. */
const require = createRequire(import.meta.url);

export type Logger = {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Logger;
};

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export type LogFormat = 'json' | 'pretty';

/**
 * One line per event on standard error, so that what a command prints stays pasteable. JSON for
 * machines; for a terminal, time, level and message.
 */
export function createLogger(level: LogLevel, format: LogFormat, fields: object = {}): Logger {
  const options = { level, base: fields, timestamp: () => `,"time":${Date.now()}` };
  if (format === 'json') return pino(options, pino.destination({ dest: 2, sync: true }));
  const pretty: typeof pinoPretty = require('pino-pretty');
  const stream = pretty({
    destination: 2,
    sync: true,
    ignore: 'pid,hostname,process',
    translateTime: 'SYS:HH:MM:ss.l',
    messageFormat: '{if process}{process}: {end}{msg}',
    singleLine: true,
  });
  return pino(options, stream);
}

/** For parts that are used without a log, as in tests. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
