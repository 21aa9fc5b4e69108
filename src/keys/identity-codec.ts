/**
 * An identity as bytes in LMDB: see record-text. Read wherever a key has one.
 *
 *   0  u8   format version      1  u8   flags
 *   2  u32  length of traits    6  u32  of externalId   10  u32  of the ids of the limits
 *  14  the texts in that order, and metaJson
 */
import type { IdentityRecord } from '../domain/records.ts';
import { assert } from '../lib/assert.ts';
import { joinRecord, readTexts, readU32, type StoredValue } from './record-text.ts';
import {
  type IdentityTraits,
  identityTraitsText,
  limitIdsText,
  limitsOf,
  type TraitsReader,
} from './traits.ts';

const formatVersion = 1;
const textsAt = 14;

/** Its id is not among them: it is what the record is stored under. */
export function encodeIdentityRecord(record: IdentityRecord): Buffer {
  const { workspaceId, externalId, limits, metaJson } = record;
  const traits = identityTraitsText(workspaceId, limits);
  const limitIds = limitIdsText(limits);
  const numbers = Buffer.alloc(textsAt);
  numbers[0] = formatVersion;
  numbers.writeUInt32LE(traits.length, 2);
  numbers.writeUInt32LE(externalId.length, 6);
  numbers.writeUInt32LE(limitIds.length, 10);
  return joinRecord(numbers, [traits, externalId, limitIds, metaJson]);
}

/** Copies everything out of the value. */
export function decodeIdentityRecord(
  value: StoredValue,
  identityId: string,
  readTraits: TraitsReader<IdentityTraits>,
): IdentityRecord {
  const { bytes, valueStart: at } = value;
  assert(bytes[at] === formatVersion, 'an identity has an unknown format');
  const text = readTexts(value, textsAt);
  const externalIdAt = readU32(bytes, at + 2);
  const limitIdsAt = externalIdAt + readU32(bytes, at + 6);
  const metaAt = limitIdsAt + readU32(bytes, at + 10);
  const traits = readTraits(text, externalIdAt);
  return {
    identityId,
    workspaceId: traits.workspaceId,
    externalId: text.substring(externalIdAt, limitIdsAt),
    metaJson: text.substring(metaAt),
    limits: limitsOf(traits.limits, text.substring(limitIdsAt, metaAt)),
  };
}
