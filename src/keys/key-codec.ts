/**
 * The key record as bytes in LMDB. Read on every verification, so the form is fixed by hand:
 * numbers at known offsets, then all texts as one, which is decoded once and cut by lengths
 * (0.7 µs; text by text it was 1.4). Integers are little-endian, lengths count UTF-16 units.
 *
 *   0  u8   format version      1  u8   flags      2  u16  number of limits
 *   8  f64  expiry, Unix ms, 0 for never
 *  16  u32  nine lengths: keyId workspaceId apiId identityId migrationId permissionIds roleIds name
 *           metaJson
 *  52  per limit: f64 limit, f64 duration, u8 auto-apply, u32 length of its id, u32 of its name
 *      the texts in that order, Latin-1 if all of them are ASCII, else UTF-8
 */
import type { KeyRecord, LimitConfig } from '../domain/records.ts';
import { assert } from '../lib/assert.ts';

const formatVersion = 2;
const lengthsAt = 16;
const limitsAt = 52;
const limitBytes = 25;
const flagEnabled = 1;
const flagCredits = 2;
const flagAscii = 4;

export function encodeKeyRecord(record: KeyRecord): Buffer {
  const texts = textsOf(record);
  const all = texts.join('') + record.limits.map(limitText).join('');
  const isAscii = Buffer.byteLength(all) === all.length;
  const numbers = Buffer.alloc(limitsAt + record.limits.length * limitBytes);
  numbers[0] = formatVersion;
  numbers[1] =
    (record.isEnabled ? flagEnabled : 0) |
    (record.hasCredits ? flagCredits : 0) |
    (isAscii ? flagAscii : 0);
  numbers.writeUInt16LE(record.limits.length, 2);
  numbers.writeDoubleLE(record.expiresAtMs, 8);
  for (const [index, text] of texts.entries()) {
    numbers.writeUInt32LE(text.length, lengthsAt + 4 * index);
  }
  for (const [index, limit] of record.limits.entries()) {
    writeLimit(numbers, limit, limitsAt + index * limitBytes);
  }
  return Buffer.concat([numbers, Buffer.from(all, isAscii ? 'latin1' : 'utf8')]);
}

function textsOf(record: KeyRecord): string[] {
  return [
    record.keyId,
    record.workspaceId,
    record.apiId,
    record.identityId,
    record.migrationId,
    record.permissionIds.join(','),
    record.roleIds.join(','),
    record.name,
    record.metaJson,
  ];
}

function limitText({ limitId, name }: LimitConfig): string {
  return limitId + name;
}

function writeLimit(bytes: Buffer, limit: LimitConfig, at: number): void {
  bytes.writeDoubleLE(limit.limit, at);
  bytes.writeDoubleLE(limit.durationMs, at + 8);
  bytes[at + 16] = limit.autoApply ? 1 : 0;
  bytes.writeUInt32LE(limit.limitId.length, at + 17);
  bytes.writeUInt32LE(limit.name.length, at + 21);
}

const noIds: readonly string[] = [];
const noLimits: readonly LimitConfig[] = [];

/** Copies everything out of `bytes`, which LMDB overwrites at the next read. */
export function decodeKeyRecord(bytes: Buffer): KeyRecord {
  assert(bytes[0] === formatVersion, 'a key record has an unknown format');
  const flags = bytes[1] as number;
  const limitCount = bytes.readUInt16LE(2);
  const textAt = limitsAt + limitCount * limitBytes;
  const isAscii = (flags & flagAscii) !== 0;
  const text = bytes.toString(isAscii ? 'latin1' : 'utf8', textAt, bytes.length);
  const cut = { bytes, text, lengthAt: lengthsAt, textAt: 0 };
  return {
    isEnabled: (flags & flagEnabled) !== 0,
    hasCredits: (flags & flagCredits) !== 0,
    expiresAtMs: bytes.readDoubleLE(8),
    keyId: nextText(cut),
    workspaceId: nextText(cut),
    apiId: nextText(cut),
    identityId: nextText(cut),
    migrationId: nextText(cut),
    permissionIds: toIds(nextText(cut)),
    roleIds: toIds(nextText(cut)),
    name: nextText(cut),
    metaJson: nextText(cut),
    limits: limitCount === 0 ? noLimits : readLimits(cut, limitCount),
  };
}

/** Where the next text and its length stand. */
type Cut = { bytes: Buffer; text: string; lengthAt: number; textAt: number };

function nextText(cut: Cut): string {
  const start = cut.textAt;
  cut.textAt += cut.bytes.readUInt32LE(cut.lengthAt);
  cut.lengthAt += 4;
  return cut.text.substring(start, cut.textAt);
}

function toIds(joined: string): readonly string[] {
  return joined === '' ? noIds : joined.split(',');
}

function readLimits(cut: Cut, count: number): LimitConfig[] {
  const { bytes } = cut;
  const limits: LimitConfig[] = [];
  for (let index = 0; index < count; index += 1) {
    const at = limitsAt + index * limitBytes;
    cut.lengthAt = at + 17;
    limits.push({
      limit: bytes.readDoubleLE(at),
      durationMs: bytes.readDoubleLE(at + 8),
      autoApply: bytes[at + 16] === 1,
      limitId: nextText(cut),
      name: nextText(cut),
    });
  }
  return limits;
}
