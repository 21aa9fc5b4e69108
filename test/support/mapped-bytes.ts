import { readFileSync } from 'node:fs';

/** How much of the file at `path` this process has in its page table. */
export function mappedBytes(path: string): number {
  const maps = readFileSync('/proc/self/smaps', 'latin1').split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/);
  const own = maps.find((map) => map.includes(path));
  return Number(/^Rss:\s+(\d+) kB/m.exec(own ?? '')?.[1]) * 1024;
}
