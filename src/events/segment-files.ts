/**
 * Makes and ends the files of segments in another thread, where the native part was built, else on
 * the spot. What is waited for goes first; pages are made ready when there is nothing else to do.
 */
import { renameSync, truncateSync } from 'node:fs';
import { adoptMapping, type MappedFile, mapFile } from '../lib/mapped-file.ts';
import { systemError } from '../lib/system-error.ts';
import { type FileThread, startFileThread } from '../native/file-thread.ts';

export type SegmentFiles = {
  /**
   * Creates and maps a file of `sizeBytes` zeros. `writtenBytes` from the start on are written, in
   * pieces of 2 MiB: what was written as one piece, Linux keeps and maps as one where the file
   * system can, so that it costs two faults and not 1024 to fill 4 MiB. Each piece holds up whoever
   * wants the same processor, for as long as it takes to find the memory: 0.3 ms, or 6 where a host
   * has to give it. Rejects with the `code` of the operating system.
   */
  make(path: string, sizes: { sizeBytes: number; writtenBytes: number }): Promise<MappedFile>;
  /**
   * Has so many bytes from the start on made ready to be written, `bytesAtOnce` at a time. The
   * first store into a page takes 3 µs otherwise, and as long as the disk wants where the file
   * system has to write to its journal.
   */
  populate(file: MappedFile, byteCount: number, bytesAtOnce: number): void;
  /**
   * Unmaps the file, cuts it to `keptBytes` and gives it its new name. Rejects with the `code` of
   * the operating system; it may be tried again.
   */
  end(file: MappedFile, ending: FileEnding): Promise<void>;
  /** What was asked for has to be done. */
  close(): void;
};

export type FileEnding = { path: string; keptBytes: number; newPath: string };

/** So much is made ready before what came meanwhile has its turn. */
const populatedBytesMax = 512 * 1024;

type Job = { start(thread: FileThread): void; done(errno: number, address: bigint): void };
type Population = { file: MappedFile; from: number; end: number; bytesAtOnce: number };

export function openSegmentFiles(): SegmentFiles {
  const jobs: Job[] = [];
  const populations: Population[] = [];
  let current: Job | undefined;
  const thread = startFileThread((errno, address) => {
    const { done } = current as Job;
    current = undefined;
    done(errno, address);
    startNext();
  });

  function startNext(): void {
    if (current || !thread) return;
    current = jobs.shift() ?? nextPiece(populations);
    current?.start(thread);
  }

  function run(call: string, path: string, start: Job['start']): Promise<bigint> {
    return new Promise((resolve, reject) => {
      const done = (errno: number, address: bigint) =>
        errno === 0 ? resolve(address) : reject(systemError(errno, call, path));
      jobs.push({ start, done });
      startNext();
    });
  }

  return {
    async make(path, { sizeBytes, writtenBytes }) {
      if (!thread) return mapFile(path, sizeBytes);
      const address = await run('make', path, (hand) => hand.make(path, sizeBytes, writtenBytes));
      return adoptMapping({ path, address, sizeBytes });
    },
    populate(file, byteCount, bytesAtOnce) {
      if (!thread) return;
      populations.push({ file, from: 0, end: Math.min(byteCount, file.sizeBytes), bytesAtOnce });
      startNext();
    },
    async end(file, { path, keptBytes, newPath }) {
      if (!thread) {
        file.unmap();
        truncateSync(path, keptBytes);
        return renameSync(path, newPath);
      }
      const { sizeBytes } = file;
      const address = file.release() ?? 0n;
      await run('end', path, (hand) => hand.end(address, sizeBytes, keptBytes, [path, newPath]));
    },
    close: () => thread?.stop(),
  };
}

function nextPiece(populations: Population[]): Job | undefined {
  for (;;) {
    const [next] = populations;
    if (!next) return undefined;
    const { file, from, end, bytesAtOnce } = next;
    const { address } = file;
    const byteCount = Math.min(end - from, populatedBytesMax);
    if (address === undefined || byteCount <= 0) {
      populations.shift();
      continue;
    }
    next.from += byteCount;
    const start = (thread: FileThread) =>
      thread.populate(address + BigInt(from), byteCount, bytesAtOnce);
    return { start, done() {} };
  }
}
