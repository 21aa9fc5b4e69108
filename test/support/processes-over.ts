import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * Every living process that has to do with `folder`, but not this one: the folder stands in its
 * arguments or its environment, or is where it works. No zombies. Linux only.
 */
export function processesOver(folder: string): number[] {
  return processNames()
    .filter((pid) => Number(pid) !== process.pid && isOver(pid, folder))
    .map(Number);
}

/** In /proc, of all processes. */
function processNames(): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
}

function isOver(pid: string, folder: string): boolean {
  const workingFolder = orEmpty(() => readlinkSync(`/proc/${pid}/cwd`));
  if (workingFolder.startsWith(folder)) return true;
  return [argumentsOf(pid), read(pid, 'environ')].some((text) => text.includes(folder));
}

/** Those whose name, as the kernel has it (15 characters), begins so; its own threads too. */
export function processesNamed(start: string): number[] {
  return processNames()
    .filter((pid) => read(pid, 'comm').startsWith(start))
    .map(Number);
}

/** The living children of a process: the kernel's own list may leave out some while others end. */
export function childrenOf(pid: number): number[] {
  return processNames()
    .filter((name) => parentOf(name) === pid)
    .map(Number);
}

/** The process, its children, theirs, and so on, as they are at this moment. */
export function withDescendants(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of processNames()) {
    const parent = parentOf(name);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const family = (head: number): number[] => [head, ...(children.get(head) ?? []).flatMap(family)];
  return family(pid);
}

/** NaN for a zombie and for a process that is gone. */
function parentOf(pid: string): number {
  // The name before it stands in parentheses and may hold anything.
  const [, state, parent] = / ([A-Z]) (\d+) [^)]*$/.exec(read(pid, 'stat')) ?? [];
  return state === 'Z' ? Number.NaN : Number(parent);
}

/** The command line of a process, its arguments separated by spaces; empty when it is gone. */
export function argumentsOf(pid: number | string): string {
  return read(String(pid), 'cmdline').replaceAll('\0', ' ').trim();
}

function read(pid: string, file: string): string {
  return orEmpty(() => readFileSync(`/proc/${pid}/${file}`, 'utf8'));
}

/** A process may be gone by the time that we read of it. */
function orEmpty(look: () => string): string {
  try {
    return look();
  } catch {
    return '';
  }
}
