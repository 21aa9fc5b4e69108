/** What is measured beside the product: started where its programs are present. */
import { execFileSync } from 'node:child_process';
import type { ChildServer } from './child-server.ts';
import type { Contestant } from './contestant.ts';

export type StandInContext = {
  /** Its own; removed when everything has ended. */
  folder: string;
  keyCount: number;
  /** As many bytes as the product's answer has. */
  answerBytes: number;
  rootKey: string;
};

export type StandIn =
  | { present: true; contestant: Contestant; version: string; stop(): Promise<void> }
  /** What is missing, and how to get it. */
  | { present: false; name: string; reason: string };

/** A program's first line about its version, or undefined where there is no such program. */
export function versionOf(command: string, ...args: string[]): string | undefined {
  try {
    const text = execFileSync(command, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return text.split(/\n| - /, 1)[0]?.trim();
  } catch {
    return undefined;
  }
}

export async function stopAll(servers: readonly Pick<ChildServer, 'stop'>[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()));
}

/** A JSON body of that many bytes that a good key is answered with. */
export function goodAnswer(byteCount: number): string {
  const start = '{"code":"VALID","filler":"';
  return `${start.padEnd(byteCount - 2, 'x')}"}`;
}
