/**
 * The key record as bytes in LMDB, read on every verification: see record-text. Integers are
 * little-endian, lengths count UTF-16 units.
 *
 *   0  u8   format version      1  u8   flags
 *   2  u16  length of keyId     4  u16  of identityId     6  u16  of migrationId
 *   8  f64  expiry, Unix ms, 0 for never
 *  16  u32  length of traits   20  u32  of the ids of the limits   24  u16  of name
 *  26  the texts in that order: traits, keyId, identityId, migrationId, limit ids, name, metaJson
 */
import type { KeyRecord } from '../domain/records.ts';
import { assert } from '../lib/assert.ts';
import { joinRecord, readTexts, readU16, readU32, type StoredValue } from './record-text.ts';
import {
  type KeyTraits,
  keyTraitsText,
  limitIdsText,
  limitsOf,
  parseKeyTraits,
  type TraitsReader,
} from './traits.ts';

export const formatVersion = 3;
export const textsAt = 26;
export const flagEnabled = 2;
export const flagCredits = 4;
export const shortMax = 0xffff;

export function encodeKeyRecord(record: KeyRecord): Buffer {
  const { keyId, identityId, migrationId, name, metaJson } = record;
  const traits = keyTraitsText(record);
  const limitIds = limitIdsText(record.limits);
  const numbers = Buffer.alloc(textsAt);
  numbers[0] = formatVersion;
  numbers[1] = (record.isEnabled ? flagEnabled : 0) | (record.hasCredits ? flagCredits : 0);
  writeShort(numbers, keyId.length, 2);
  writeShort(numbers, identityId.length, 4);
  writeShort(numbers, migrationId.length, 6);
  numbers.writeDoubleLE(record.expiresAtMs, 8);
  numbers.writeUInt32LE(traits.length, 16);
  numbers.writeUInt32LE(limitIds.length, 20);
  writeShort(numbers, name.length, 24);
  const texts = [traits, keyId, identityId, migrationId, limitIds, name, metaJson];
  return joinRecord(numbers, texts);
}

function writeShort(numbers: Buffer, length: number, at: number): void {
  assert(length <= shortMax, 'an id or a name of a key is longer than its record can say');
  numbers.writeUInt16LE(length, at);
}

export type DecodedKey<Traits> = { key: KeyRecord; traits: Traits };

/** Copies everything out of the value. */
export function decodeKeyRecord<Traits extends KeyTraits>(
  value: StoredValue,
  readTraits: TraitsReader<Traits>,
): DecodedKey<Traits> {
  const { bytes, valueStart: at } = value;
  assert(bytes[at] === formatVersion, 'a key record has an unknown format');
  const flags = bytes[at + 1] as number;
  const text = readTexts(value, textsAt);
  const keyIdAt = readU32(bytes, at + 16);
  const identityIdAt = keyIdAt + readU16(bytes, at + 2);
  const migrationIdAt = identityIdAt + readU16(bytes, at + 4);
  const limitIdsAt = migrationIdAt + readU16(bytes, at + 6);
  const nameAt = limitIdsAt + readU32(bytes, at + 20);
  const metaAt = nameAt + readU16(bytes, at + 24);
  const traits = readTraits(text, keyIdAt);
  const key = {
    keyId: text.substring(keyIdAt, identityIdAt),
    workspaceId: traits.workspaceId,
    apiId: traits.apiId,
    identityId: text.substring(identityIdAt, migrationIdAt),
    isEnabled: (flags & flagEnabled) !== 0,
    expiresAtMs: bytes.readDoubleLE(at + 8),
    hasCredits: (flags & flagCredits) !== 0,
    migrationId: text.substring(migrationIdAt, limitIdsAt),
    permissionIds: traits.permissionIds,
    roleIds: traits.roleIds,
    limits: limitsOf(traits.limits, text.substring(limitIdsAt, nameAt)),
    name: text.substring(nameAt, metaAt),
    metaJson: text.substring(metaAt),
  };
  return { key, traits };
}

/** Of a value on its own, for who reads few of them. */
export function decodeWholeKey(bytes: Buffer): KeyRecord {
  const value = { bytes, valueStart: 0, valueEnd: bytes.length };
  return decodeKeyRecord(value, (text, length) => parseKeyTraits(text.slice(0, length))).key;
}
