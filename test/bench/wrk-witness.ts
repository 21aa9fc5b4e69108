/**
 * A second opinion on the closed loop, by a tool that everybody knows. The figures of the tables
 * are not wrk's: its Lua costs the driver's processor so much for each request that the fastest
 * contestants wait for it, which flatters whoever is compared with them.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Contestant } from './contestant.ts';
import { driverProcessor } from './processor.ts';
import { versionOf } from './stand-in.ts';

export const hasWrk = () => versionOf('which', 'wrk') !== undefined;

/** Requests per second. */
export function witnessRate(
  contestant: Contestant,
  folder: string,
  { seconds, connectionCount }: { seconds: number; connectionCount: number },
): number {
  const script = join(folder, 'wrk.lua');
  writeFileSync(script, luaScript(contestant));
  const output = execFileSync(
    'taskset',
    [
      ...['-c', String(driverProcessor), 'wrk', '-t', '1', '-c', String(connectionCount)],
      ...['-d', `${Math.ceil(seconds)}s`, '-s', script],
      `http://127.0.0.1:${contestant.port}/`,
    ],
    { encoding: 'utf8' },
  );
  if (output.includes('Non-2xx')) throw new Error(`${contestant.name}: ${output}`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]);
}

/** Uniform keys from a generator of Lehmer's, whose products a double holds exactly. */
function luaScript({ template, keyCount }: Contestant): string {
  const [before = '', after = ''] = readFileSync(template, 'utf8').split('{key}');
  return `
local before, after = ${JSON.stringify(before)}, ${JSON.stringify(after)}
local state = 20250101
request = function()
  state = (state * 16807) % 2147483647
  return before .. string.format("bench_%022d", 1 + state % ${keyCount}) .. after
end
`;
}
