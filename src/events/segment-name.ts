/**
 * A segment's name says all that the primary must know of it, so that listing the folder opens no
 * file: `<owner>.<run>.<number>.new` while it is made, `….open` while its worker appends, and
 * sealed `<openedAtMs>.<owner>.<run>.<number>.<frames>.<bytes>.sealed`. Names sort by age and are
 * never used twice: `run` is drawn at random whenever a writer starts.
 */
export type SealedName = {
  name: string;
  openedAtMs: number;
  owner: string;
  frameCount: number;
  fileBytes: number;
};

const ownerPattern = /^[A-Za-z0-9_-]{1,64}$/;
const openPattern = /^([A-Za-z0-9_-]+)\.[0-9a-f]+\.\d+\.open$/;
const newPattern = /\.new$/;
const sealedPattern = /^(\d{15})\.([A-Za-z0-9_-]+)\.[0-9a-f]+\.\d+\.(\d+)\.(\d+)\.sealed$/;

export function isOwner(text: string): boolean {
  return ownerPattern.test(text);
}

export function openName(owner: string, run: string, number: number): string {
  return `${owner}.${run}.${String(number).padStart(8, '0')}.open`;
}

/** Of the file that is renamed to `open` once it has a header. */
export function newName(open: string): string {
  return open.replace(/\.open$/, '.new');
}

export function isNewName(name: string): boolean {
  return newPattern.test(name);
}

export type SealedFacts = { openedAtMs: number; frameCount: number; fileBytes: number };

/** The name under which an open segment is sealed; the same whoever seals it. */
export function sealedName(open: string, facts: SealedFacts): string {
  const stem = open.slice(0, -'.open'.length);
  const opened = String(Math.max(0, Math.trunc(facts.openedAtMs))).padStart(15, '0');
  return `${opened}.${stem}.${facts.frameCount}.${facts.fileBytes}.sealed`;
}

/** The owner of an open segment; undefined for any other name. */
export function ownerOfOpen(name: string): string | undefined {
  return openPattern.exec(name)?.[1];
}

export function parseSealedName(name: string): SealedName | undefined {
  const match = sealedPattern.exec(name);
  if (!match) return undefined;
  return {
    name,
    openedAtMs: Number(match[1]),
    owner: match[2] as string,
    frameCount: Number(match[3]),
    fileBytes: Number(match[4]),
  };
}
