/** A thread for what a file system may take its time for: see native/file-thread.h. */
import { loadNative } from './native-module.ts';

/** Jobs are done in the order in which they were given, and `onDone` is called in that order. */
export type FileThread = {
  make(
    path: string,
    sizeBytes: number,
    writtenBytes: number,
    ready: [readyBytes: number, bytesAtOnce: number],
  ): void;
  end(
    address: bigint,
    sizeBytes: number,
    keptBytes: number,
    paths: [old: string, new: string],
  ): void;
  /** Not before the last `onDone`. */
  stop(): void;
};

/** `errno` is 0 for a job that was done; `address` is where `make` has mapped the file. */
export type OnFileJobDone = (errno: number, address: bigint) => void;

type FileThreadModule = { fileThread(onDone: OnFileJobDone): FileThread };

/** Undefined where the native part was not built. */
export function startFileThread(onDone: OnFileJobDone): FileThread | undefined {
  return loadNative<FileThreadModule>()?.fileThread(onDone);
}
