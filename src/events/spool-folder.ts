/**
 * The spool on disk, as the primary sees it:
 *
 *     counters            dropped events and the size, shared with the workers
 *     ledger              what was counted, and which batches are under way
 *     segments/           *.open while a worker appends, *.sealed until they are in ClickHouse
 *     quarantine/         refused rows with the reason, damaged segments, those of another version
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import {
  closeSegment,
  readFrames,
  readSegmentHeader,
  type SegmentHeader,
  segmentHeaderBytes,
} from './segment.ts';
import {
  isNewName,
  ownerOfOpen,
  parseSealedName,
  type SealedName,
  sealedName,
} from './segment-name.ts';

export type SpoolFolder = { path: string; segments: string; quarantine: string };

/** Makes the folders, mode 0700, where they are missing. */
export function openSpoolFolder(path: string): SpoolFolder {
  const folder = { path, segments: join(path, 'segments'), quarantine: join(path, 'quarantine') };
  mkdirSync(folder.segments, { recursive: true, mode: 0o700 });
  mkdirSync(folder.quarantine, { recursive: true, mode: 0o700 });
  return folder;
}

export type OpenListing = { name: string; frameCount: number; fileBytes: number };

export type SegmentListing = {
  /** Oldest first. */
  sealed: SealedName[];
  open: OpenListing[];
};

/** A worker seals a few segments a second at most: more looks than these would be of no use. */
const looksMax = 10;

/**
 * What lies in the spool now. Files that are not segments are left out: see `foreignSegments`.
 * Looks again when a worker sealed a segment, and so renamed it, in the meantime: its events would
 * be missed, and a count of what was accepted would go down.
 */
export function listSegments(folder: SpoolFolder): SegmentListing {
  let listing = look(folder);
  for (let lookCount = 1; listing.isMissingOne && lookCount < looksMax; lookCount += 1) {
    listing = look(folder);
  }
  return { sealed: listing.sealed, open: listing.open };
}

function look(folder: SpoolFolder): SegmentListing & { isMissingOne: boolean } {
  const sealed: SealedName[] = [];
  const open: OpenListing[] = [];
  let isMissingOne = false;
  for (const name of readdirSync(folder.segments).sort()) {
    const parsed = parseSealedName(name);
    if (parsed) sealed.push(parsed);
    else if (ownerOfOpen(name) !== undefined) {
      const segment = openListing(folder, name);
      if (segment) open.push(segment);
      else isMissingOne = true;
    }
  }
  return { sealed, open, isMissingOne };
}

function openListing(folder: SpoolFolder, name: string): OpenListing | undefined {
  const path = join(folder.segments, name);
  return unlessAbsent(() => {
    const fileBytes = statSync(path).size;
    return { name, frameCount: headerOf(path)?.frameCount ?? 0, fileBytes };
  });
}

function headerOf(path: string): SegmentHeader | undefined {
  const bytes = Buffer.alloc(segmentHeaderBytes);
  const fd = openSync(path, 'r');
  try {
    const byteLength = readSync(fd, bytes, 0, segmentHeaderBytes, 0);
    return readSegmentHeader(bytes.subarray(0, byteLength), statSync(path).size);
  } finally {
    closeSync(fd);
  }
}

const blockBytes = 4096;

/** The room that a file takes from the limit: whole blocks, as on the disk. */
export function diskBytes(fileBytes: number): number {
  return Math.ceil(fileBytes / blockBytes) * blockBytes;
}

/** Sum over all segments. */
export function listingBytes(listing: SegmentListing): number {
  const files = [...listing.sealed, ...listing.open];
  return files.reduce((sum, file) => sum + diskBytes(file.fileBytes), 0);
}

/**
 * Seals what dead workers left open (of all owners when none is given) and returns how many frames
 * that brought. A writer that is still alive, as one may be for a moment after its primary was
 * killed, loses nothing: its next event goes to a new segment. Segments of another format version
 * are left where they are.
 */
export function adoptSegments(folder: SpoolFolder, owner?: string): number {
  let frameCount = 0;
  for (const name of readdirSync(folder.segments)) {
    if (owner !== undefined && !name.startsWith(`${owner}.`)) continue;
    if (isNewName(name)) unlessAbsent(() => unlinkSync(join(folder.segments, name)));
    if (ownerOfOpen(name) !== undefined) frameCount += adopt(folder, name);
  }
  return frameCount;
}

/**
 * The file keeps its size: a living writer would die of a store beyond the end. Such a writer may
 * also seal the file itself, and so rename it, at any point of this.
 */
function adopt(folder: SpoolFolder, name: string): number {
  const path = join(folder.segments, name);
  return (
    unlessAbsent(() => {
      if (!headerOf(path)) return 0;
      closeSegment(path);
      const bytes = readFileSync(path);
      const header = readSegmentHeader(bytes);
      const frameCount = header ? frameCountOf(bytes, header) : 0;
      if (!header || frameCount === 0) {
        unlinkSync(path);
        return 0;
      }
      const facts = { openedAtMs: header.openedAtMs, frameCount, fileBytes: bytes.length };
      renameSync(path, join(folder.segments, sealedName(name, facts)));
      return frameCount;
    }) ?? 0
  );
}

function frameCountOf(bytes: Buffer, header: SegmentHeader): number {
  const { frames, intact } = readFrames(bytes, header);
  return intact ? frames.length : Math.max(frames.length, header.frameCount);
}

export type ForeignSegment = { name: string; frameCount: number };

/**
 * Files among the segments that this version cannot read: of another format version, or no segments
 * at all. The number of frames is what the name says, 0 where it says nothing.
 */
export function foreignSegments(folder: SpoolFolder): ForeignSegment[] {
  const isForeign = (name: string) =>
    unlessAbsent(() => !headerOf(join(folder.segments, name))) ?? false;
  return readdirSync(folder.segments)
    .filter((name) => !isNewName(name) && isForeign(name))
    .map((name) => ({ name, frameCount: parseSealedName(name)?.frameCount ?? 0 }));
}

/** Harmless when it was done before. */
export async function moveToQuarantine(folder: SpoolFolder, name: string): Promise<void> {
  await rename(join(folder.segments, name), join(folder.quarantine, name)).catch(allowAbsent);
}

/** Harmless when it was done before. */
export async function removeSegment(folder: SpoolFolder, name: string): Promise<void> {
  await unlink(join(folder.segments, name)).catch(allowAbsent);
}

function unlessAbsent<Result>(act: () => Result): Result | undefined {
  try {
    return act();
  } catch (error) {
    allowAbsent(error as NodeJS.ErrnoException);
    return undefined;
  }
}

function allowAbsent(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
