/** Reads a mapped file before it is needed, in another thread: see native/read-ahead.h. */
import { loadNative } from './native-module.ts';

export type ReadAhead = {
  /** To be called once, before the buffer is unmapped. */
  stop(): void;
};

type ReadAheadModule = { readAhead(buffer: ArrayBuffer, byteCount: number): ReadAhead };

/** Undefined where the native part was not built: pages are read as they are needed then. */
export function startReadAhead(buffer: ArrayBuffer, byteCount: number): ReadAhead | undefined {
  return loadNative<ReadAheadModule>()?.readAhead(buffer, byteCount);
}
