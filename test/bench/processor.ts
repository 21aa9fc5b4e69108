/** What the kernel knows of processes: processor time, memory, and where they may run. */
import { readdirSync, readFileSync } from 'node:fs';
import os, { availableParallelism } from 'node:os';
import koffi from 'koffi';
import { systemError } from '../../src/lib/system-error.ts';

export type ProcessorTime = { userMs: number; systemMs: number };

/** The tick of /proc, which is 10 ms on every Linux that Node runs on. */
const tickMs = 10;

/** What the processes have used up to now, together; those that have ended, nothing. */
export function processorTime(pids: readonly number[]): ProcessorTime {
  const total = { userMs: 0, systemMs: 0 };
  for (const pid of pids) {
    const stat = unlessGone(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
    if (stat === undefined) continue;
    // The command's name stands in parentheses and may hold blanks and parentheses itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    total.userMs += Number(fields[11]) * tickMs;
    total.systemMs += Number(fields[12]) * tickMs;
  }
  return total;
}

/** Of one processor since the machine started, whoever used it. */
export function idleMs(processor: number): number {
  const line = readFileSync('/proc/stat', 'latin1').split('\n')[processor + 1] ?? '';
  const [name, , , , idle, waitingForDisk] = line.split(' ');
  if (name !== `cpu${processor}`) throw new Error(`/proc/stat has no processor ${processor}`);
  return (Number(idle) + Number(waitingForDisk)) * tickMs;
}

/**
 * Memory that is this process's alone: without mapped files, replica, counters and spool, which are
 * in the page cache once for all who map them.
 */
export function privateBytes(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  const kibibytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0);
  return (kibibytes('Anonymous') + kibibytes('Swap')) * 1024;
}

/**
 * The measured server alone on the first processor, the driver on the second, whatever else is
 * needed (stores, a primary) on the rest, which with two processors is the driver's.
 */
export const serverProcessor = 0;
export const driverProcessor = Math.min(1, availableParallelism() - 1);
export const otherProcessors =
  availableParallelism() > 2 ? `2-${availableParallelism() - 1}` : String(driverProcessor);
/** Where Linux decides who runs where, as it does for users of the product. */
export const allProcessors = `0-${availableParallelism() - 1}`;

const libc = koffi.load('libc.so.6');
const setAffinity = libc.func('int sched_setaffinity(int, size_t, const uint8_t *)');
const getAffinity = libc.func('int sched_getaffinity(int, size_t, _Out_ uint8_t *)');
/** As many processors as Linux can be told of this way. */
const maskBytes = 128;
const noSuchThread = os.constants.errno.ESRCH;

/**
 * All threads of the processes, from now on. What has ended meanwhile is left alone. By the system
 * call itself: a program for each process took a tenth of a second.
 */
export function pin(pids: readonly number[], processors: number | string): void {
  const mask = maskOf(String(processors));
  for (const thread of pids.flatMap(threadsOf)) {
    if (setAffinity(thread, maskBytes, mask) === 0 || koffi.errno() === noSuchThread) continue;
    throw systemError(koffi.errno(), 'sched_setaffinity', String(thread));
  }
}

/** A process of one thread; returns the way back to where it was. */
export function move(pid: number, processor: number): () => void {
  const before = new Uint8Array(maskBytes);
  if (getAffinity(pid, maskBytes, before) < 0) {
    throw systemError(koffi.errno(), 'sched_getaffinity', String(pid));
  }
  pin([pid], processor);
  return () => void setAffinity(pid, maskBytes, before);
}

/** Of a list as `taskset -c` takes it: one number, or the first and the last. */
function maskOf(processors: string): Uint8Array {
  const [first = 0, last = first] = processors.split('-').map(Number);
  const mask = new Uint8Array(maskBytes);
  for (let index = first; index <= last; index += 1) {
    mask[index >> 3] = (mask[index >> 3] ?? 0) | (1 << (index & 7));
  }
  return mask;
}

function threadsOf(pid: number): number[] {
  return unlessGone(() => readdirSync(`/proc/${pid}/task`))?.map(Number) ?? [];
}

/** What a process can be asked only as long as it is there. */
function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}
