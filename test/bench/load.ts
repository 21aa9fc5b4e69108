/** Runs the driver of native-bench against a contestant, and says what the requests cost it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Contestant } from './contestant.ts';
import { driverProcessor, type ProcessorTime, processorTime } from './processor.ts';

export type Percentiles = { p50: number; p90: number; p99: number; p999: number; max: number };

export type LoadOptions = {
  connectionCount: number;
  seconds: number;
  /** Requests per second; without it the loop is closed. */
  rate?: number;
  seed: number;
};

export type LoadResult = {
  /** Requests, not keys. */
  perSecond: number;
  /** Of the answering processes, for each request. */
  userUs: number;
  systemUs: number;
  latencyUs: Percentiles;
  /** Of an open loop: how late the driver itself was. */
  latenessUs: Percentiles | undefined;
};

type DriverReport = {
  answers: number;
  perSecond: number;
  unexpected: number;
  unanswered: number;
  latencyUs: Percentiles;
  latenessUs?: Percentiles;
};

export const nativeFolder = join(import.meta.dirname, '../../native-bench/build');
const warmUpSeconds = 0.2;

/** Throws when an answer is missing or is not the expected one. */
export async function runLoad(contestant: Contestant, options: LoadOptions): Promise<LoadResult> {
  const before = processorTime(contestant.pids());
  const report = await runDriver(contestant, options);
  const after = processorTime(contestant.pids());
  if (report.unexpected > 0 || report.unanswered > 0) {
    const { unexpected, unanswered } = report;
    throw new Error(`${contestant.name}: ${unexpected} wrong and ${unanswered} missing answers`);
  }
  const { perSecond, latencyUs, latenessUs } = report;
  return { perSecond, latencyUs, latenessUs, ...perAnswer(before, after, report.answers) };
}

function perAnswer(before: ProcessorTime, after: ProcessorTime, answerCount: number) {
  return {
    userUs: ((after.userMs - before.userMs) * 1000) / answerCount,
    systemUs: ((after.systemMs - before.systemMs) * 1000) / answerCount,
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
    'warm-up': warmUpSeconds,
    seconds: options.seconds,
    rate: options.rate ?? 0,
  };
  const flags = Object.entries(args).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const driver = join(nativeFolder, 'load');
  const child = spawn('taskset', ['-c', String(driverProcessor), driver, ...flags], {
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
