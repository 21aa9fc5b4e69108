/** A thread for what a file system may take its time for: see native/file-thread.h. */
import { loadNative } from './native-module.ts';

/** One job at a time: the next may be given when `onDone` was called. */
export type FileThread = {
  make(path: string, sizeBytes: number, writtenBytes: number): void;
  populate(address: bigint, byteCount: number, bytesAtOnce: number): void;
  end(
    address: bigint,
    sizeBytes: number,
    keptBytes: number,
    paths: [old: string, new: string],
  ): void;
  /** No job may be under way. */
  stop(): void;
};

/** `errno` is 0 for a job that was done; `address` is where `make` has mapped the file. */
export type OnFileJobDone = (errno: number, address: bigint) => void;

type FileThreadModule = { fileThread(onDone: OnFileJobDone): FileThread };

/** Undefined where the native part was not built. */
export function startFileThread(onDone: OnFileJobDone): FileThread | undefined {
  return loadNative<FileThreadModule>()?.fileThread(onDone);
}
