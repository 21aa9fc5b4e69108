/**
 * Who gets a processor first. Whatever else a machine does on the processors of a measurement (its
 * agents, the kernel's own threads, the stores) takes it for milliseconds at a time, a hundred
 * times what a verification takes. Where it may be asked for (root may), driver and server come
 * before all of that: this is what a processor of one's own would do.
 */
import { spawnSync } from 'node:child_process';

const first = ['--fifo', '1'];
let isAllowed: boolean | undefined;

export function canBeFirst(): boolean {
  isAllowed ??= spawnSync('chrt', [...first, 'true'], { stdio: 'ignore' }).status === 0;
  return isAllowed;
}

/** What a command is to be started with. */
export function firstCommand(): string[] {
  return canBeFirst() ? ['chrt', ...first] : [];
}

/**
 * The main threads of the processes, which answer, are first as long as the work lasts. Those that
 * help them are not: with the same priority they would not make way for whoever answers.
 */
export async function whileFirst<T>(pids: readonly number[], work: () => Promise<T>): Promise<T> {
  if (!canBeFirst()) return work();
  for (const pid of pids) change(pid, first);
  try {
    return await work();
  } finally {
    for (const pid of pids) change(pid, ['--other', '0']);
  }
}

function change(pid: number, [policy = '', priority = '']: readonly string[]): void {
  const { status, stderr } = spawnSync('chrt', [policy, '-p', priority, String(pid)]);
  if (status !== 0) throw new Error(`chrt ${policy} ${pid}: ${stderr}`);
}
