/**
 * The key record as bytes in LMDB. Read on every verification, so the form is fixed by hand: a few
 * numbers at known offsets, then strings with their length in front, in the order in which they are
 * wanted. Integers are little-endian.
 *
 *   0  u8   format version          1  u8   flags          2  u16  number of limits
 *   8  f64  expiry, Unix ms, 0 for never
 *  16  keyId workspaceId apiId identityId migrationId permissionIds roleIds name   (u16 + bytes)
 *      metaJson                                                                    (u32 + bytes)
 *      per limit: f64 limit, f64 duration, u8 auto-apply, limitId, name            (u16 + bytes)
 */

import type { KeyRecord, LimitConfig } from '../domain/records.ts';
import { assert } from '../lib/assert.ts';

const formatVersion = 1;
const headerBytes = 16;
const flagEnabled = 1;
const flagCredits = 2;

/** Longest string that a u16 length can carry; a thousand permission ids are a fifth of it. */
const textBytesMax = 65_535;

export function encodeKeyRecord(record: KeyRecord): Buffer {
  const texts = [
    record.keyId,
    record.workspaceId,
    record.apiId,
    record.identityId,
    record.migrationId,
    record.permissionIds.join(','),
    record.roleIds.join(','),
    record.name,
  ].map(toText);
  const meta = Buffer.from(record.metaJson);
  const metaLength = Buffer.alloc(4);
  metaLength.writeUInt32LE(meta.length);
  return Buffer.concat([
    encodeHeader(record),
    ...texts,
    metaLength,
    meta,
    ...record.limits.flatMap(encodeLimit),
  ]);
}

function encodeHeader(record: KeyRecord): Buffer {
  const header = Buffer.alloc(headerBytes);
  header[0] = formatVersion;
  header[1] = (record.isEnabled ? flagEnabled : 0) | (record.hasCredits ? flagCredits : 0);
  header.writeUInt16LE(record.limits.length, 2);
  header.writeDoubleLE(record.expiresAtMs, 8);
  return header;
}

function encodeLimit(limit: LimitConfig): Buffer[] {
  const numbers = Buffer.alloc(17);
  numbers.writeDoubleLE(limit.limit, 0);
  numbers.writeDoubleLE(limit.durationMs, 8);
  numbers[16] = limit.autoApply ? 1 : 0;
  return [numbers, toText(limit.limitId), toText(limit.name)];
}

function toText(text: string): Buffer {
  const length = Buffer.byteLength(text);
  assert(length <= textBytesMax, 'a string of a key record is longer than its length field');
  const bytes = Buffer.alloc(2 + length);
  bytes.writeUInt16LE(length);
  bytes.write(text, 2);
  return bytes;
}

const noIds: readonly string[] = [];
const noLimits: readonly LimitConfig[] = [];

/** Copies everything out of `bytes`, which LMDB overwrites at the next read. */
export function decodeKeyRecord(bytes: Buffer): KeyRecord {
  assert(bytes[0] === formatVersion, 'a key record has an unknown format');
  const flags = bytes[1] as number;
  const limitCount = bytes.readUInt16LE(2);
  const cursor = { bytes, at: headerBytes };
  return {
    isEnabled: (flags & flagEnabled) !== 0,
    hasCredits: (flags & flagCredits) !== 0,
    expiresAtMs: bytes.readDoubleLE(8),
    keyId: takeAscii(cursor),
    workspaceId: takeAscii(cursor),
    apiId: takeAscii(cursor),
    identityId: takeAscii(cursor),
    migrationId: takeAscii(cursor),
    permissionIds: takeIds(cursor),
    roleIds: takeIds(cursor),
    name: takeText(cursor),
    metaJson: takeMeta(cursor),
    limits: limitCount === 0 ? noLimits : takeLimits(cursor, limitCount),
  };
}

type Cursor = { bytes: Buffer; at: number };

function takeLength(cursor: Cursor): number {
  const length = cursor.bytes.readUInt16LE(cursor.at);
  cursor.at += 2;
  return length;
}

function takeAscii(cursor: Cursor): string {
  const length = takeLength(cursor);
  if (length === 0) return '';
  const start = cursor.at;
  cursor.at += length;
  return cursor.bytes.toString('latin1', start, cursor.at);
}

function takeText(cursor: Cursor): string {
  const length = takeLength(cursor);
  if (length === 0) return '';
  const start = cursor.at;
  cursor.at += length;
  return cursor.bytes.toString('utf8', start, cursor.at);
}

function takeIds(cursor: Cursor): readonly string[] {
  const joined = takeAscii(cursor);
  return joined === '' ? noIds : joined.split(',');
}

function takeMeta(cursor: Cursor): string {
  const length = cursor.bytes.readUInt32LE(cursor.at);
  const start = cursor.at + 4;
  cursor.at = start + length;
  return length === 0 ? '' : cursor.bytes.toString('utf8', start, cursor.at);
}

function takeLimits(cursor: Cursor, count: number): LimitConfig[] {
  const limits: LimitConfig[] = [];
  for (let index = 0; index < count; index += 1) {
    const limit = cursor.bytes.readDoubleLE(cursor.at);
    const durationMs = cursor.bytes.readDoubleLE(cursor.at + 8);
    const autoApply = cursor.bytes[cursor.at + 16] === 1;
    cursor.at += 17;
    limits.push({
      limit,
      durationMs,
      autoApply,
      limitId: takeAscii(cursor),
      name: takeText(cursor),
    });
  }
  return limits;
}
