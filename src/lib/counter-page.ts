/**
 * Named counters in a memory-mapped file: one process counts, another reads, nobody waits. A file
 * has one writer at a time, so a plain store of eight aligned bytes is enough; the counts survive
 * the death of the writer and are taken up by the next one.
 */
import { type MappedFile, mapFile } from './mapped-file.ts';

export type CounterPage<Name extends string> = {
  /** Where each counter stands, for the hot path: `cells[index] += 1`. */
  readonly cells: Float64Array;
  indexOf(name: Name): number;
  add(name: Name, amount: number): void;
  get(name: Name): number;
  close(): void;
};

/** The position of a name is its place in the file: append, never reorder. */
export function openCounterPage<const Name extends string>(
  path: string,
  names: readonly Name[],
): CounterPage<Name> {
  const file: MappedFile = mapFile(path, Math.ceil((names.length * 8) / 4096) * 4096);
  const cells = new Float64Array(file.buffer, 0, names.length);
  const positions = new Map(names.map((name, index) => [name, index]));
  const indexOf = (name: Name) => positions.get(name) as number;
  return {
    cells,
    indexOf,
    add(name, amount) {
      const index = indexOf(name);
      cells[index] = (cells[index] as number) + amount;
    },
    get: (name) => cells[indexOf(name)] as number,
    close: () => file.unmap(),
  };
}
