import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A server that can be loaded: where it listens, what it is asked, whose time it takes. */
export type Contestant = {
  name: string;
  port: number;
  /** The processes that answer: their time is the time of a request. */
  pids(): readonly number[];
  /** A file with the request; `{key}` stands for a key. */
  template: string;
  /** What every answer must contain. */
  expected: string;
  /** How many keys one request asks about. */
  keysPerRequest: number;
  /** Of the seconds of a round: less for what leaves the stores as much to do as several rounds. */
  share?: number;
  /** How many keys each of the processes is asked about before it is measured. */
  warmUpKeyCount: number;
  mix: 'uniform' | 'zipf' | 'unknown';
  /** How many keys it knows. */
  keyCount: number;
};

/** Written as it is asked, with the length that the body has once keys are in it. */
export type RequestText = { line: string; headers: readonly string[]; body?: string };

/** As long as the keys that the driver puts in: see native-bench/request-template.h. */
export const benchKey = (number: number) => `bench_${String(number).padStart(22, '0')}`;

export function writeTemplate(folder: string, name: string, request: RequestText): string {
  const { line, headers, body } = request;
  const lines = [`${line} HTTP/1.1`, 'Host: 127.0.0.1', ...headers];
  if (body !== undefined) {
    const length = Buffer.byteLength(body.replaceAll('{key}', benchKey(0)));
    lines.push('Content-Type: application/json', `Content-Length: ${length}`);
  }
  const path = join(folder, `${name}.http`);
  writeFileSync(path, `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`);
  return path;
}
