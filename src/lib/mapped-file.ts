/**
 * Files as shared memory. `mapFile` maps a file MAP_SHARED and hands it out as an ArrayBuffer, so
 * that several processes read and write the same bytes: `Atomics` on typed arrays over it work
 * across processes. What was stored is in the page cache: it outlives a SIGKILL of every process
 * that mapped it, though not a crash of the machine.
 *
 * The blocks are reserved first (posix_fallocate): a store into a hole of a full disk would be a
 * SIGBUS, and a full disk must be an error that one can count, not the death of a worker.
 */
import { closeSync, constants, fstatSync, ftruncateSync, openSync } from 'node:fs';
import koffi from 'koffi';
import { systemError } from './system-error.ts';

export type MappedFile = {
  readonly path: string;
  readonly buffer: ArrayBuffer;
  readonly sizeBytes: number;
  /**
   * For a file that is wanted in memory as a whole, at random places: has it read and mapped by
   * another thread, in pieces of 2 MiB where Linux and the file system can (ext4 since 6.16, XFS).
   * Where a piece is one, a store marks the whole of it to be written to the disk.
   */
  load(): void;
  /** After this `buffer` and its views have no bytes; harmless when it was done before. */
  unmap(): void;
  /** The same, but that it stays mapped: its address, for whoever unmaps it, the first time. */
  release(): bigint | undefined;
};

const isMac = process.platform === 'darwin';
const libc = koffi.load(isMac ? 'libSystem.dylib' : 'libc.so.6');
const mmap = libc.func('void *mmap(void *, size_t, int, int, int, int64_t)');
const madvise = libc.func('int madvise(uintptr_t, size_t, int)');
const munmap = libc.func('int munmap(uintptr_t, size_t)');
const posixFallocate = isMac ? undefined : libc.func('int posix_fallocate(int, int64_t, int64_t)');

/** What `madvise` is told of memory whose pages are used one by one. */
const randomAdvice = 1;
/** Of memory that is read from the disk, and kept, in large pieces. */
const hugeAdvice = 14;
/** Of memory that is to be mapped now. Kernels before 5.14 do not know it, and nothing happens. */
const readAdvice = 22;
const largeBytes = 2 * 1024 * 1024;
const protReadWrite = 3;
const protRead = 1;
const mapShared = 1;
const mapFailed = (1n << 64n) - 1n;

/**
 * Creates `path` (mode 0600) with `sizeBytes` zeros, or opens it and grows it to that size; a file
 * that is already larger is mapped whole. Throws an Error with the `code` of the operating system,
 * ENOSPC for one, and leaves no mapping behind.
 */
export function mapFile(path: string, sizeBytes: number): MappedFile {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    const size = Math.max(sizeBytes, fstatSync(fd).size);
    reserve(fd, size, path);
    return mapDescriptor(fd, { path, sizeBytes: size, protection: protReadWrite });
  } finally {
    closeSync(fd);
  }
}

/** Maps an existing file read-only, whole. A store into it is a SIGSEGV. */
export function mapFileForReading(path: string): MappedFile {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    return mapDescriptor(fd, { path, sizeBytes: fstatSync(fd).size, protection: protRead });
  } finally {
    closeSync(fd);
  }
}

/**
 * Maps an existing file read-only, and as many bytes of address space as it may grow to. What lies
 * behind its end must not be touched: that is a SIGBUS.
 */
export function mapWindow(path: string, sizeBytes: number): MappedFile {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    return mapDescriptor(fd, { path, sizeBytes, protection: protRead });
  } finally {
    closeSync(fd);
  }
}

function reserve(fd: number, sizeBytes: number, path: string): void {
  if (!posixFallocate) {
    ftruncateSync(fd, sizeBytes);
    return;
  }
  const errno = posixFallocate(fd, 0, sizeBytes) as number;
  if (errno !== 0) throw systemError(errno, 'posix_fallocate', path);
}

type Mapping = { path: string; sizeBytes: number; protection: number };

function mapDescriptor(fd: number, { path, sizeBytes, protection }: Mapping): MappedFile {
  const pointer = mmap(null, sizeBytes, protection, mapShared, fd, 0);
  if (koffi.address(pointer) === mapFailed) throw systemError(koffi.errno(), 'mmap', path);
  const address = koffi.address(pointer);
  // Else the first store into a new file may clear megabytes at once: 1.7 ms for 4 MiB.
  if (protection === protReadWrite) madvise(address, sizeBytes, randomAdvice);
  return adoptMapping({ path, address, sizeBytes });
}

/** For what was mapped, as by `mapFile`, by somebody else. */
export function adoptMapping(mapping: {
  path: string;
  address: bigint;
  sizeBytes: number;
}): MappedFile {
  const { path, address, sizeBytes } = mapping;
  const buffer = koffi.view(address, sizeBytes);
  const isMapped = () => !buffer.detached;
  function release(): bigint | undefined {
    if (!isMapped()) return undefined;
    // V8 would count its bytes until it comes to collect it, and comes the sooner, at 64 MiB.
    buffer.transfer(0);
    return address;
  }
  return {
    path,
    sizeBytes,
    buffer,
    load() {
      if (isMac) return;
      madvise(address, sizeBytes, hugeAdvice);
      readLater({ address, end: sizeBytes, isWanted: isMapped });
    },
    release,
    unmap() {
      if (release() !== undefined) munmap(address, sizeBytes);
    },
  };
}

/** To be read and mapped by another thread, a large piece at a time, as long as it is wanted. */
type Reading = { address: bigint; end: number; isWanted(): boolean };

/** Those that wait have a piece each in turn: one piece at a time, as the thread is everybody's. */
const waiting: { reading: Reading; from: number }[] = [];
let isReading = false;

function readLater(reading: Reading): void {
  waiting.push({ reading, from: 0 });
  if (!isReading) readNext();
}

function readNext(): void {
  const next = nextReading();
  isReading = next !== undefined;
  if (!next) return;
  const { reading, from } = next;
  waiting.push({ reading, from: from + largeBytes });
  const byteCount = Math.min(reading.end - from, largeBytes);
  madvise.async(reading.address + BigInt(from), byteCount, readAdvice, readNext);
}

function nextReading() {
  for (;;) {
    const next = waiting.shift();
    if (!next) return undefined;
    if (next.reading.isWanted() && next.from < next.reading.end) return next;
  }
}
