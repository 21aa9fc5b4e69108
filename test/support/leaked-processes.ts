/** Finds what a test has started and not ended: its environment still carries our mark. */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

const markName = 'LATCHKEY_TEST_RUN';

/** Every process that is started from now on inherits the mark. */
export function markProcesses(): void {
  process.env[markName] = randomBytes(8).toString('hex');
}

/** Kills the marked processes that still run and returns their command lines. Linux only. */
export function endLeakedProcesses(): string[] {
  if (process.platform !== 'linux') return [];
  const mark = `${markName}=${process.env[markName]}\0`;
  const leaked = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => readProc(pid, 'environ').includes(mark));
  const commands = leaked.map((pid) => readProc(pid, 'cmdline').replaceAll('\0', ' ').trim());
  for (const pid of leaked) process.kill(Number(pid), 'SIGKILL');
  return commands;
}

/** Empty when the process is gone, is a zombie, or belongs to another user. */
function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}
