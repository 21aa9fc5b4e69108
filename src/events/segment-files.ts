/**
 * Makes and ends the files of segments in another thread, where the native part was built, else on
 * the spot.
 */
import { renameSync, truncateSync } from 'node:fs';
import { adoptMapping, type MappedFile, mapFile } from '../lib/mapped-file.ts';
import { systemError } from '../lib/system-error.ts';
import { startFileThread } from '../native/file-thread.ts';

export type SegmentFiles = {
  /** Creates and maps a file of zeros. Rejects with the `code` of the operating system. */
  make(path: string, sizes: FileSizes): Promise<MappedFile>;
  /**
   * Unmaps the file, cuts it to `keptBytes` and gives it its new name. Rejects with the `code` of
   * the operating system; it may be tried again.
   */
  end(file: MappedFile, ending: FileEnding): Promise<void>;
  /** All that was asked for has to be done; what is asked for after it is done on the spot. */
  close(): void;
};

export type FileSizes = {
  sizeBytes: number;
  /**
   * So many from the start on are written before the file is mapped, in pieces of 2 MiB: what was
   * written as one piece, Linux keeps and maps as one where the file system can, so that it costs
   * two faults and not 1024 to fill 4 MiB. Each piece holds up whoever wants the same processor,
   * for as long as it takes to find the memory: 0.3 ms, or 6 where a host has to give it.
   */
  writtenBytes: number;
  /**
   * So many are made ready to be written after that, `bytesAtOnce` at a time, when there is nothing
   * else to do. The first store into a page takes 3 µs otherwise, and as long as the disk wants
   * where the file system has to write to its journal.
   */
  readyBytes: number;
  bytesAtOnce: number;
};

export type FileEnding = { path: string; keptBytes: number; newPath: string };

type Waiting = (errno: number, address: bigint) => void;

export function openSegmentFiles(): SegmentFiles {
  const waiting: Waiting[] = [];
  let thread = startFileThread((errno, address) => waiting.shift()?.(errno, address));

  /** Of the job that was just given to the thread. */
  function outcome(call: string, path: string): Promise<bigint> {
    return new Promise((resolve, reject) => {
      waiting.push((errno, address) => {
        if (errno === 0) resolve(address);
        else reject(systemError(errno, call, path));
      });
    });
  }

  return {
    async make(path, { sizeBytes, writtenBytes, readyBytes, bytesAtOnce }) {
      if (!thread) return mapFile(path, sizeBytes);
      const within = (byteCount: number) => Math.min(byteCount, sizeBytes);
      thread.make(path, sizeBytes, within(writtenBytes), [within(readyBytes), bytesAtOnce]);
      const address = await outcome('make', path);
      return adoptMapping({ path, address, sizeBytes });
    },
    async end(file, { path, keptBytes, newPath }) {
      if (!thread) {
        file.unmap();
        truncateSync(path, keptBytes);
        return renameSync(path, newPath);
      }
      thread.end(file.release() ?? 0n, file.sizeBytes, keptBytes, [path, newPath]);
      await outcome('end', path);
    },
    close() {
      thread?.stop();
      thread = undefined;
    },
  };
}
