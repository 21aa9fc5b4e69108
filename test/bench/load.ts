/** Runs the driver of native-bench against a contestant, and says what the requests cost it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Contestant } from './contestant.ts';
import { firstCommand } from './priority.ts';
import {
  driverProcessor,
  idleMs,
  type ProcessorTime,
  processorTime,
  serverProcessor,
} from './processor.ts';

export type Percentiles = { p50: number; p90: number; p99: number; p999: number; max: number };

export type LoadOptions = {
  connectionCount: number;
  seconds: number;
  /** Requests per second; without it the loop is closed. */
  rate?: number | undefined;
  /** Before what is measured. */
  leadSeconds?: number | undefined;
  seed: number;
};

export type LoadResult = {
  /** With those of the driver's own warm-up. */
  answers: number;
  /** Requests, not keys. */
  perSecond: number;
  /** Of the answering processes, for each request. */
  userUs: number;
  systemUs: number;
  /** Processor seconds a second: of the answering processes, and of the driver. */
  busy: { server: number; driver: number };
  /** For which share of the time the server's and the driver's processor had nothing to do. */
  idle: { server: number; driver: number };
  latencyUs: Percentiles;
  /** Of an open loop: how late the driver itself was. */
  latenessUs: Percentiles | undefined;
};

type DriverReport = {
  answers: number;
  perSecond: number;
  /** From the first request to the last answer, warm-up included. */
  seconds: number;
  busy: number;
  unexpected: number;
  unanswered: number;
  latencyUs: Percentiles;
  latenessUs?: Percentiles;
};

export const nativeFolder = join(import.meta.dirname, '../../native-bench/build');
const usualLeadSeconds = 0.2;

/** Throws when an answer is missing or is not the expected one. */
export async function runLoad(contestant: Contestant, options: LoadOptions): Promise<LoadResult> {
  const before = readClocks(contestant);
  const report = await runDriver(contestant, options);
  const after = readClocks(contestant);
  if (report.unexpected > 0 || report.unanswered > 0) {
    const { unexpected, unanswered } = report;
    throw new Error(`${contestant.name}: ${unexpected} wrong and ${unanswered} missing answers`);
  }
  const { answers, perSecond, latencyUs, latenessUs } = report;
  return { answers, perSecond, latencyUs, latenessUs, ...between(before, after, report) };
}

type Clocks = ProcessorTime & { nowMs: number; serverIdleMs: number; driverIdleMs: number };

function readClocks(contestant: Contestant): Clocks {
  return {
    ...processorTime(contestant.pids()),
    nowMs: performance.now(),
    serverIdleMs: idleMs(serverProcessor),
    driverIdleMs: idleMs(driverProcessor),
  };
}

function between(before: Clocks, after: Clocks, { answers, seconds, busy }: DriverReport) {
  const spent = (clock: keyof Clocks) => after[clock] - before[clock];
  const usedMs = spent('userMs') + spent('systemMs');
  return {
    userUs: (spent('userMs') * 1000) / answers,
    systemUs: (spent('systemMs') * 1000) / answers,
    busy: { server: usedMs / 1000 / seconds, driver: busy },
    idle: {
      server: spent('serverIdleMs') / spent('nowMs'),
      driver: spent('driverIdleMs') / spent('nowMs'),
    },
  };
}

async function runDriver(contestant: Contestant, options: LoadOptions): Promise<DriverReport> {
  const { port, template, expected, mix, keyCount } = contestant;
  const args = {
    port,
    template,
    expect: expected,
    mix,
    keys: keyCount,
    seed: options.seed,
    connections: options.connectionCount,
    'warm-up': options.leadSeconds ?? usualLeadSeconds,
    seconds: options.seconds,
    rate: options.rate ?? 0,
  };
  const flags = Object.entries(args).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const driver = ['taskset', '-c', String(driverProcessor), join(nativeFolder, 'load')];
  const [command = '', ...rest] = [...firstCommand(), ...driver];
  const child = spawn(command, [...rest, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let words = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    words += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${contestant.name}: the driver ended with ${code}: ${words}`);
  const report = JSON.parse(output) as DriverReport;
  if (report.unexpected > 0) process.stderr.write(`${contestant.name}: ${words}`);
  return report;
}
