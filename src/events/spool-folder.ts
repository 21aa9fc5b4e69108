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
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  readFrames,
  readSegmentHeader,
  rewriteSegmentHeader,
  type SegmentHeader,
  segmentHeaderBytes,
} from './segment.ts';
import { ownerOfOpen, parseSealedName, type SealedName, sealedName } from './segment-name.ts';

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

/** What lies in the spool now. Files that are not segments are left out: see `foreignSegments`. */
export function listSegments(folder: SpoolFolder): SegmentListing {
  const sealed: SealedName[] = [];
  const open: OpenListing[] = [];
  for (const name of readdirSync(folder.segments).sort()) {
    const parsed = parseSealedName(name);
    if (parsed) sealed.push(parsed);
    else if (ownerOfOpen(name) !== undefined) pushIfThere(open, folder, name);
  }
  return { sealed, open };
}

/** A worker may seal the file, and so rename it, between the listing and this. */
function pushIfThere(open: OpenListing[], folder: SpoolFolder, name: string): void {
  const path = join(folder.segments, name);
  try {
    const fileBytes = statSync(path).size;
    open.push({ name, frameCount: headerOf(path)?.frameCount ?? 0, fileBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
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
 * Seals what a dead worker left open (of all owners when none is given) and returns how many frames
 * that brought. Only after the process has ended: a living owner would go on appending to a file
 * that is being shipped. Segments of another format version are left where they are.
 */
export function adoptSegments(folder: SpoolFolder, owner?: string): number {
  let frameCount = 0;
  for (const name of readdirSync(folder.segments)) {
    const owned = ownerOfOpen(name);
    if (owned === undefined || (owner !== undefined && owned !== owner)) continue;
    frameCount += adopt(folder, name);
  }
  return frameCount;
}

function adopt(folder: SpoolFolder, name: string): number {
  const path = join(folder.segments, name);
  const bytes = readFileSync(path);
  const header = readSegmentHeader(bytes);
  if (!header) {
    if (isBlank(bytes)) unlinkSync(path);
    return 0;
  }
  const { frames, intact } = readFrames(bytes, header);
  const frameCount = intact ? frames.length : Math.max(frames.length, header.frameCount);
  if (frameCount === 0) {
    unlinkSync(path);
    return 0;
  }
  sealLeftOver(path, bytes, { ...header, frameCount });
  const facts = { openedAtMs: header.openedAtMs, frameCount, fileBytes: header.committedBytes };
  renameSync(path, join(folder.segments, sealedName(name, facts)));
  return frameCount;
}

/** A file whose maker died before it wrote the header. */
function isBlank(bytes: Buffer): boolean {
  return bytes.subarray(0, segmentHeaderBytes).every((byte) => byte === 0);
}

function sealLeftOver(path: string, bytes: Buffer, header: SegmentHeader): void {
  rewriteSegmentHeader(bytes, header.frameCount);
  const fd = openSync(path, 'r+');
  try {
    writeSync(fd, bytes, 0, segmentHeaderBytes, 0);
    ftruncateSync(fd, header.committedBytes);
  } finally {
    closeSync(fd);
  }
}

export type ForeignSegment = { name: string; frameCount: number };

/**
 * Files among the segments that this version cannot read: of another format version, or no segments
 * at all. The number of frames is what the name says, 0 where it says nothing. To be called when
 * the spool is at rest: a file that a worker is just making looks foreign too.
 */
export function foreignSegments(folder: SpoolFolder): ForeignSegment[] {
  return readdirSync(folder.segments)
    .filter((name) => !headerOf(join(folder.segments, name)))
    .map((name) => ({ name, frameCount: parseSealedName(name)?.frameCount ?? 0 }));
}

/** Harmless when it was done before. */
export function moveToQuarantine(folder: SpoolFolder, name: string): void {
  ignoringAbsence(() => renameSync(join(folder.segments, name), join(folder.quarantine, name)));
}

/** Harmless when it was done before. */
export function removeSegment(folder: SpoolFolder, name: string): void {
  ignoringAbsence(() => unlinkSync(join(folder.segments, name)));
}

function ignoringAbsence(act: () => void): void {
  try {
    act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
