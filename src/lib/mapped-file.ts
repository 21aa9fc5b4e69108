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
import { type FileHandle, open } from 'node:fs/promises';
import koffi from 'koffi';
import { systemError } from './system-error.ts';

export type MappedFile = {
  readonly path: string;
  readonly buffer: ArrayBuffer;
  readonly sizeBytes: number;
  /**
   * Has so many bytes from the start on made ready to be written, by another thread and
   * `bytesAtOnce` at a time. The first store into a page takes 3 µs otherwise, and as long as the
   * disk wants where the file system has to write to its journal.
   */
  prepare(byteLength: number, bytesAtOnce: number): void;
  /**
   * For a file that is wanted in memory as a whole, at random places: has it read and mapped by
   * another thread, in pieces of 2 MiB where Linux and the file system can (ext4 since 6.16, XFS).
   * Where a piece is one, a store marks the whole of it to be written to the disk.
   */
  load(): void;
  /** After this `buffer` and its views have no bytes; harmless when it was done before. */
  unmap(): void;
  /**
   * The same for whoever has no time: another thread does it, in 0.6 ms for 4 MiB. Resolves when it
   * is done.
   */
  unmapLater(): Promise<void>;
};

const isMac = process.platform === 'darwin';
const libc = koffi.load(isMac ? 'libSystem.dylib' : 'libc.so.6');
const mmap = libc.func('void *mmap(void *, size_t, int, int, int, int64_t)');
const madvise = libc.func('int madvise(uintptr_t, size_t, int)');
const munmap = libc.func('int munmap(void *, size_t)');
const posixFallocate = isMac ? undefined : libc.func('int posix_fallocate(int, int64_t, int64_t)');

/** What `madvise` is told of memory whose pages are used one by one. */
const randomAdvice = 1;
/** Of memory that is read from the disk, and kept, in large pieces. */
const hugeAdvice = 14;
/** Of memory that is to be mapped now. Kernels before 5.14 know neither, and nothing happens. */
const [readAdvice, writeAdvice] = [22, 23];
const largeBytes = 2 * 1024 * 1024;
/** Takes no memory as long as nobody writes into it. */
const zeros = Buffer.alloc(largeBytes);
/** Only so many calls of other threads can be under way, see koffi. */
const unmappingMax = 64;
let unmappingCount = 0;
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

/**
 * Has `path` created (mode 0600) with `sizeBytes` zeros by another thread, so that `mapFile` has
 * little left to do. Throws like it. `writtenBytes` from the start on are written, in pieces of
 * 2 MiB: what was written as one piece, Linux keeps and maps as one where the file system can, so
 * that it costs two faults and not 1024 to fill 4 MiB. Each piece holds up whoever wants the same
 * processor, for as long as it takes to find the memory: 0.3 ms, or 6 where a host has to give it.
 */
export async function reserveFile(
  path: string,
  { sizeBytes, writtenBytes }: { sizeBytes: number; writtenBytes: number },
): Promise<void> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    await reserveLater(file, sizeBytes, path);
    if (writtenBytes > 0) await file.writev(zerosOf(Math.min(writtenBytes, sizeBytes)), 0);
  } finally {
    await file.close();
  }
}

function zerosOf(sizeBytes: number): Buffer[] {
  const wholeCount = Math.floor(sizeBytes / largeBytes);
  return [...Array(wholeCount).fill(zeros), zeros.subarray(0, sizeBytes % largeBytes)];
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

async function reserveLater(file: FileHandle, sizeBytes: number, path: string): Promise<void> {
  if (!posixFallocate) return file.truncate(sizeBytes);
  const errno = await new Promise<number>((resolve) => {
    posixFallocate.async(file.fd, 0, sizeBytes, (_error: unknown, found: number) => resolve(found));
  });
  if (errno !== 0) throw systemError(errno, 'posix_fallocate', path);
}

type Mapping = { path: string; sizeBytes: number; protection: number };

function mapDescriptor(fd: number, { path, sizeBytes, protection }: Mapping): MappedFile {
  const pointer = mmap(null, sizeBytes, protection, mapShared, fd, 0);
  if (koffi.address(pointer) === mapFailed) throw systemError(koffi.errno(), 'mmap', path);
  const address = koffi.address(pointer);
  // Else the first store into a new file may clear megabytes at once: 1.7 ms for 4 MiB.
  if (protection === protReadWrite) madvise(address, sizeBytes, randomAdvice);
  const buffer = koffi.view(pointer, sizeBytes);
  const isMapped = () => !buffer.detached;
  const unmap = () => munmap(pointer, sizeBytes);
  /** V8 would count its bytes until it comes to collect it, and comes the sooner, at 64 MiB. */
  function detach(): boolean {
    return isMapped() && buffer.transfer(0).byteLength === 0;
  }
  return {
    path,
    sizeBytes,
    buffer,
    prepare(byteLength, bytesAtOnce) {
      const end = Math.min(byteLength, sizeBytes);
      const inPieces = { address, end, advice: writeAdvice, atOnce: bytesAtOnce };
      adviseLater({ ...inPieces, isWanted: isMapped });
    },
    load() {
      if (isMac) return;
      madvise(address, sizeBytes, hugeAdvice);
      const inLarge = { address, end: sizeBytes, advice: readAdvice, atOnce: largeBytes };
      adviseLater({ ...inLarge, isWanted: isMapped });
    },
    unmap() {
      if (detach()) unmap();
    },
    async unmapLater() {
      if (!detach()) return;
      if (unmappingCount >= unmappingMax) return void unmap();
      unmappingCount += 1;
      await new Promise((resolve) => munmap.async(pointer, sizeBytes, resolve));
      unmappingCount -= 1;
    },
  };
}

/** For another thread, `atOnce` bytes at a time, as long as it is wanted. */
type LaterAdvice = {
  address: bigint;
  end: number;
  advice: number;
  atOnce: number;
  isWanted(): boolean;
};

/** In turn, piece by piece, for the same reason. */
const waitingAdvice: { advice: LaterAdvice; from: number }[] = [];
let isAdvising = false;

function adviseLater(advice: LaterAdvice): void {
  waitingAdvice.push({ advice, from: 0 });
  if (!isAdvising) adviseNext();
}

function adviseNext(): void {
  const next = nextAdvice();
  isAdvising = next !== undefined;
  if (!next) return;
  const { address, end, advice, atOnce } = next.advice;
  waitingAdvice.push({ ...next, from: next.from + atOnce });
  const start = address + BigInt(next.from);
  madvise.async(start, Math.min(end - next.from, atOnce), advice, adviseNext);
}

function nextAdvice() {
  for (;;) {
    const next = waitingAdvice.shift();
    if (!next) return undefined;
    if (next.advice.isWanted() && next.from < next.advice.end) return next;
  }
}
