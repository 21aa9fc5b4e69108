import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * What tells a process from a later one with the same pid: the boot of the machine and the instant
 * of its start. Undefined when no such process runs. A zombie does not run, unless other threads of
 * it do: each finishes the system call that it is in, and may change a file by that.
 */
export function processIdentity(pid: number): string | undefined {
  try {
    return process.platform === 'linux' ? identityFromProc(pid) : identityFromPs(pid);
  } catch {
    return undefined;
  }
}

function identityFromProc(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The command's name stands in parentheses and may hold blanks and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  const threadCount = Number(fields[17]);
  const startTicks = fields[19];
  if (state === 'X' || (state === 'Z' && threadCount <= 1)) return undefined;
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  return `${boot} ${startTicks}`;
}

function identityFromPs(pid: number): string | undefined {
  const arguments_ = ['-o', 'stat=,lstart=', '-p', String(pid)];
  const line = execFileSync('/bin/ps', arguments_, { encoding: 'latin1', env: { LC_ALL: 'C' } });
  const [state = '', ...start] = line.trim().split(/\s+/);
  return start.length === 0 || state.startsWith('Z') ? undefined : start.join(' ');
}
