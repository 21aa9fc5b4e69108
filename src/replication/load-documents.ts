/**
 * The documents of the replica, read from Postgres: those of some ids, or, but for keys and
 * identities, all. Keys and identities come as arrays of values; the others as objects with the
 * names of the record's fields.
 */
import type { EntityKind, KeyRecord, RootKeyRecord } from '../domain/records.ts';
import type { DocumentChange, KeyChange, ReplicaChange } from '../keys/replica-change.ts';
import type { Transaction } from '../lib/database.ts';
import { toLimits } from './limit-lines.ts';
import { every, type OtherKind, some, someIdentities, someKeys } from './select-documents.ts';

type Row = { id: string } & Record<string, unknown>;
/** Ids are joined with commas; for limits see `toLimits`. */
type KeyRow = [
  hash: Buffer,
  hashKind: number,
  isDeleted: boolean,
  isEnabled: boolean,
  expiresAtMs: number,
  hasCredits: boolean,
  keyId: string,
  workspaceId: string,
  apiId: string,
  identityId: string,
  migrationId: string,
  permissionIds: string,
  roleIds: string,
  limits: string,
  name: string,
  metaJson: string,
];
type IdentityRow = [
  identityId: string,
  workspaceId: string,
  externalId: string,
  limits: string,
  metaJson: string,
];

const noIds: readonly string[] = [];
const toIds = (joined: string) => (joined === '' ? noIds : joined.split(','));

function toKeyChange(row: KeyRow): KeyChange {
  const [hash, hashKind, isDeleted, isEnabled, expiresAtMs, hasCredits] = row;
  if (isDeleted) return { kind: 'key', hash, hashKind, record: undefined };
  const record: KeyRecord = {
    keyId: row[6],
    workspaceId: row[7],
    apiId: row[8],
    identityId: row[9],
    isEnabled,
    expiresAtMs,
    hasCredits,
    migrationId: row[10],
    permissionIds: toIds(row[11]),
    roleIds: toIds(row[12]),
    limits: toLimits(row[13]),
    name: row[14],
    metaJson: row[15],
  };
  return { kind: 'key', hash, hashKind, record };
}

function toIdentityChange(row: IdentityRow): DocumentChange {
  const [identityId, workspaceId, externalId, limits, metaJson] = row;
  const record = { identityId, workspaceId, externalId, metaJson, limits: toLimits(limits) };
  return { kind: 'identity', id: identityId, record };
}

function toChange(kind: OtherKind, row: Row): ReplicaChange {
  if (kind === 'rootKey') {
    const { id, hash, ...record } = row as { id: string; hash: Buffer } & RootKeyRecord;
    return { kind, id, hash, record };
  }
  const { id, ...record } = row;
  return { kind, id, record } as DocumentChange;
}

/**
 * The present state of these entities; one that is not there any more becomes a removal. Of a key
 * whose row is gone nothing is said here: its hash is a change of its own.
 */
export async function loadDocuments(
  transaction: Transaction,
  kind: EntityKind,
  ids: readonly string[],
): Promise<ReplicaChange[]> {
  const ask = (statement: string) =>
    transaction.unsafe<Row[]>(statement, [ids as string[]], { prepare: true });
  if (kind === 'key') {
    const rows = await ask(someKeys).values();
    return rows.map((row) => toKeyChange(row as unknown as KeyRow));
  }
  const changes = new Map<string, ReplicaChange>();
  for (const id of ids) changes.set(id, { kind, id, record: undefined });
  if (kind === 'identity') {
    for (const row of await ask(someIdentities).values()) {
      const change = toIdentityChange(row as unknown as IdentityRow);
      changes.set(change.id, change);
    }
  } else {
    for (const row of await ask(some(kind))) changes.set(row.id, toChange(kind, row));
  }
  return [...changes.values()];
}

/** Those of the hashes, `<kind>:<hex>`, that no key has now, as removals. */
export async function loadLostHashes(
  transaction: Transaction,
  names: readonly string[],
): Promise<KeyChange[]> {
  const rows = await transaction<{ hash: Buffer; hashKind: number }[]>`
    with lost as (
      select split_part(name, ':', 1)::int as kind, decode(split_part(name, ':', 2), 'hex') as hash
      from unnest(${names as string[]}::text[]) as names (name)
    )
    select hash, kind as "hashKind" from lost
    where not exists (
      select from latchkey.keys k where k.hash = lost.hash and k.hash_kind = lost.kind)`;
  return rows.map(({ hash, hashKind }) => ({ kind: 'key', hash, hashKind, record: undefined }));
}

/** All entities of a kind, some at a time. */
export async function* loadAllDocuments(
  transaction: Transaction,
  kind: OtherKind,
): AsyncGenerator<ReplicaChange[]> {
  for await (const rows of transaction.unsafe<Row[]>(every(kind)).cursor(batchRows)) {
    yield rows.map((row) => toChange(kind, row));
  }
}

const batchRows = 5000;
