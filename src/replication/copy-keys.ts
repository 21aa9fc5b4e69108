/** All keys of a snapshot: three streams of rows in the order of their ids, joined as they come. */
import type { RawKey, Span } from '../keys/raw-key.ts';
import { AttachedRows } from './attached-rows.ts';
import { type CopiedRows, readI64 } from './copied-rows.ts';
import { GatheredBytes } from './gathered-bytes.ts';
import {
  everyKey,
  everyLimit,
  everyLink,
  keyColumn,
  limitColumn,
  linkColumn,
} from './select-everything.ts';
import { SharedTraits } from './shared-traits.ts';

export const keyStatements = [
  { sql: everyKey, columns: keyColumn },
  { sql: everyLink, columns: linkColumn },
  { sql: everyLimit('key_id'), columns: limitColumn },
];

/** `add` is given the same object each time. Says after each piece how many keys were in it. */
export async function* joinKeys(
  [keys, links, limits]: readonly CopiedRows[],
  add: (key: RawKey) => void,
): AsyncGenerator<number> {
  const reader = new KeyReader();
  const rows = keys as CopiedRows;
  const linked = new AttachedRows(links as CopiedRows, (row) => reader.addLink(row));
  const limited = new AttachedRows(limits as CopiedRows, (row) => reader.addLimit(row));
  while (await rows.more()) {
    let count = 0;
    for (; rows.next(); count += 1) {
      reader.begin(rows);
      while (!linked.take(rows)) await linked.more();
      while (!limited.take(rows)) await limited.more();
      add(reader.end(rows));
    }
    yield count;
  }
}

class KeyReader {
  readonly #traits = new SharedTraits();
  readonly #limitIds = new GatheredBytes();
  readonly #key: RawKey = {
    ...{ hash: noSpan(), hashKind: 0, isEnabled: true, expiresAtMs: 0, hasCredits: false },
    traits: { workspaceId: '', apiId: '', permissionIds: [], roleIds: [], limits: [] },
    ...{ keyId: noSpan(), identityId: noSpan(), migrationId: noSpan(), limitIds: noSpan() },
    ...{ name: noSpan(), metaJson: noSpan() },
  };

  begin(row: CopiedRows): void {
    this.#limitIds.length = 0;
    this.#traits.add('owner', row, ownerColumns);
  }

  addLink(row: CopiedRows): void {
    const isRole = row.bytes[row.starts[linkColumn.isRole] as number] === 1;
    this.#traits.add(isRole ? 'roles' : 'permissions', row, idsColumns);
  }

  addLimit(row: CopiedRows): void {
    const { bytes, starts, ends } = row;
    const { limitId } = limitColumn;
    if (this.#limitIds.length > 0) this.#limitIds.appendByte(comma);
    this.#limitIds.append(bytes, starts[limitId] as number, ends[limitId] as number);
    this.#traits.add('limit', row, termsColumns);
  }

  /** The same object each time. */
  end(row: CopiedRows): RawKey {
    const { bytes, starts } = row;
    const key = this.#key;
    point(key.hash, row, keyColumn.hash);
    key.hashKind = bytes[(starts[keyColumn.hashKind] as number) + 1] as number;
    key.isEnabled = bytes[starts[keyColumn.isEnabled] as number] === 1;
    key.expiresAtMs = expiryOf(row);
    key.hasCredits = bytes[starts[keyColumn.hasCredits] as number] === 1;
    key.traits = this.#traits.take();
    point(key.keyId, row, keyColumn.keyId);
    point(key.identityId, row, keyColumn.identityId);
    point(key.migrationId, row, keyColumn.migrationId);
    point(key.name, row, keyColumn.name);
    point(key.metaJson, row, keyColumn.meta);
    if (isEmptyObject(key.metaJson)) key.metaJson.end = key.metaJson.start;
    key.limitIds.bytes = this.#limitIds.bytes;
    key.limitIds.end = this.#limitIds.length;
    return key;
  }
}

const ownerColumns = { first: keyColumn.workspaceId, last: keyColumn.apiId };
const idsColumns = { first: linkColumn.ids, last: linkColumn.ids };
const termsColumns = { first: limitColumn.name, last: limitColumn.autoApply };
const comma = 0x2c;
const emptyObject = 0x7b7d;

function noSpan(): Span {
  return { bytes: Buffer.alloc(0), start: 0, end: 0 };
}

function point(span: Span, { bytes, starts, ends }: CopiedRows, column: number): void {
  span.bytes = bytes;
  span.start = starts[column] as number;
  span.end = ends[column] as number;
}

/** 0 stands for never, so whoever expired at the epoch has done so a millisecond later. */
function expiryOf({ bytes, starts, ends }: CopiedRows): number {
  const start = starts[keyColumn.expiresAtMs] as number;
  const isNull = start === ends[keyColumn.expiresAtMs];
  return isNull ? 0 : Math.max(readI64(bytes, start), 1);
}

/** An empty object says as much as no object: both are left out of answers. */
function isEmptyObject({ bytes, start, end }: Span): boolean {
  return end - start === 2 && bytes.readUInt16BE(start) === emptyObject;
}
