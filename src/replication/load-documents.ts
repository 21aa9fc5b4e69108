/**
 * The documents of the replica, read from Postgres: those of some ids, or, but for keys and
 * identities, all. Keys and identities come as arrays of values; the others as objects with the
 * names of the record's fields.
 */
import type { EntityKind, KeyRecord, RootKeyRecord } from '../domain/records.ts';
import type { DocumentChange, KeyChange, ReplicaChange } from '../keys/replica-change.ts';
import type { Transaction } from '../lib/database.ts';
import { toLimits } from './limit-lines.ts';
import {
  every,
  type OtherKind,
  some,
  someIdentities,
  someKeyRows,
  someKeys,
} from './select-documents.ts';

type Row = { id: string } & Record<string, unknown>;
type KeyRow = [
  hash: Buffer,
  hashKind: number,
  isDeleted: boolean,
  isEnabled: boolean,
  expiresAtMs: number,
  keyId: string,
  workspaceId: string,
  apiId: string,
  identityId: string,
  migrationId: string,
  name: string,
  metaJson: string,
];
/** Ids are joined with commas; for limits see `toLimits`. */
type KeyLinks = [hasCredits: boolean, permissionIds: string, roleIds: string, limits: string];
type IdentityRow = [
  identityId: string,
  workspaceId: string,
  externalId: string,
  limits: string,
  metaJson: string,
];

const keyRowLength = 12;

/** What of a key's record is not in its row. */
type LinkedFields = Pick<KeyRecord, 'hasCredits' | 'permissionIds' | 'roleIds' | 'limits'>;

const noIds: readonly string[] = [];
const toIds = (joined: string) => (joined === '' ? noIds : joined.split(','));

function toKeyChange(row: KeyRow, links: LinkedFields): KeyChange {
  const [hash, hashKind, isDeleted, isEnabled, expiresAtMs] = row;
  if (isDeleted) return { kind: 'key', hash, hashKind, record: undefined };
  const record: KeyRecord = {
    keyId: row[5],
    workspaceId: row[6],
    apiId: row[7],
    identityId: row[8],
    isEnabled,
    expiresAtMs,
    hasCredits: links.hasCredits,
    migrationId: row[9],
    permissionIds: links.permissionIds,
    roleIds: links.roleIds,
    limits: links.limits,
    name: row[10],
    metaJson: row[11],
  };
  return { kind: 'key', hash, hashKind, record };
}

function toLinkedFields([hasCredits, permissionIds, roleIds, limits]: KeyLinks): LinkedFields {
  return {
    hasCredits,
    permissionIds: toIds(permissionIds),
    roleIds: toIds(roleIds),
    limits: toLimits(limits),
  };
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
    const rows = (await ask(someKeys).values()) as unknown as [...KeyRow, ...KeyLinks][];
    return rows.map((row) => {
      const links = row.slice(keyRowLength) as KeyLinks;
      return toKeyChange(row.slice(0, keyRowLength) as KeyRow, toLinkedFields(links));
    });
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

/** What a replica has under a hash. */
export type KnownKeys = { keyAt(hash: Buffer, hashKind: number): KeyRecord | undefined };

/**
 * The present state of keys of which only the rows have changed since `known` was up to date. Where
 * it has a key, the links are in it; one that it has not under this hash is loaded as a whole.
 */
export async function loadKeyRows(
  transaction: Transaction,
  ids: readonly string[],
  known: KnownKeys,
): Promise<ReplicaChange[]> {
  const rows = await transaction
    .unsafe<Row[]>(someKeyRows, [ids as string[]], { prepare: true })
    .values();
  const changes: ReplicaChange[] = [];
  const strangers: string[] = [];
  for (const row of rows as unknown as KeyRow[]) {
    const [hash, hashKind, , , , keyId] = row;
    const before = known.keyAt(hash, hashKind);
    if (before?.keyId === keyId) changes.push(toKeyChange(row, before));
    else strangers.push(keyId);
  }
  if (strangers.length === 0) return changes;
  return changes.concat(await loadDocuments(transaction, 'key', strangers));
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
