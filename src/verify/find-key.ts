/**
 * The first steps of a verification: the key behind the text, if this caller may know that it
 * exists. A key that was imported under a hash of another system is looked up by that hash, if the
 * caller names the import; it is to be stored under its own hash before anything else happens.
 */
import type { VerifyKeyBody } from '../contract/verify-key.ts';
import { apiNeed, holds, type Need } from '../domain/grants.ts';
import {
  foreignKeyHash,
  type HashAlgorithm,
  hashAlgorithms,
  isKeyedHash,
  splitPrefixedKey,
} from '../domain/hash-algorithms.ts';
import { isWellFormed } from '../domain/key-checksum.ts';
import { keyDigest, keyHash } from '../domain/key-hash.ts';
import type { Principal } from '../domain/principal.ts';
import type { ApiRecord, KeyRecord } from '../domain/records.ts';
import type { StoredKey, VerifyPorts } from './ports.ts';
import type { Rights } from './rights.ts';
import type { FirstUse } from './verdict.ts';

export type FoundKey =
  | { kind: 'visible'; key: KeyRecord; api: ApiRecord; rights: Rights }
  | { kind: 'absent' }
  /** Not of the form that keys of the named import have. */
  | { kind: 'malformed' }
  | { kind: 'first-use'; use: FirstUse };

const absent: FoundKey = { kind: 'absent' };
const startCharacters = 4;

export function findKey(
  principal: Principal,
  request: VerifyKeyBody,
  ports: VerifyPorts,
): FoundKey {
  const { lookup } = ports;
  const stored = isJunk(principal, request.key, ports)
    ? undefined
    : lookup.keyByDigest(keyDigest(request.key));
  if (stored) return visibleTo(principal, stored);
  if (request.migrationId === undefined) return absent;
  return findImported(principal, request.key, { migrationId: request.migrationId, ports });
}

/** A wrong checksum needs no look-up, unless keys were imported: theirs may only seem to be one. */
function isJunk({ workspaceId }: Principal, key: string, { lookup }: VerifyPorts): boolean {
  return !isWellFormed(key) && lookup.find('workspace', workspaceId)?.hasImports === false;
}

function visibleTo({ workspaceId, grants }: Principal, { key, rights }: StoredKey): FoundKey {
  const { api } = rights;
  if (key.workspaceId !== workspaceId || !api) return absent;
  const isVisible = grants.isFullAdmin || holds(grants, verifyNeed(api, key));
  return isVisible ? { kind: 'visible', key, api, rights } : absent;
}

function verifyNeed({ apiId, keyspaceId }: ApiRecord, { keyId }: KeyRecord): Need {
  return apiNeed(apiId, 'verify_key', `keyspaces/${keyspaceId}/keys/${keyId}#verify_key`);
}

function findImported(
  principal: Principal,
  text: string,
  { migrationId, ports }: { migrationId: string; ports: VerifyPorts },
): FoundKey {
  const migration = ports.lookup.find('migration', migrationId);
  if (migration?.workspaceId !== principal.workspaceId) return absent;
  const { hashKind } = migration;
  const algorithm = hashAlgorithms[hashKind];
  // Keys under the first algorithm are found as our own are.
  if (algorithm === undefined || hashKind === 0) return absent;
  const pepper = isKeyedHash(algorithm) ? ports.pepperOf(migration) : noPepper;
  if (!pepper) return absent;
  const hash = foreignKeyHash(algorithm, text, pepper);
  if (!hash) return { kind: 'malformed' };
  const stored = ports.lookup.keyByDigest(hash.toString('latin1'), hashKind);
  if (!stored) return absent;
  if (stored.key.migrationId !== migrationId || ports.acceptsPending) {
    return visibleTo(principal, stored);
  }
  const start = startOf(algorithm, text);
  const { keyId } = stored.key;
  return { kind: 'first-use', use: { keyId, migrationId, hash: keyHash(text), start } };
}

const noPepper = new Uint8Array();

function startOf(algorithm: HashAlgorithm, text: string): string {
  const parts =
    algorithm === 'github.com/seamapi/prefixed-api-key' ? splitPrefixedKey(text) : undefined;
  if (!parts) return text.slice(0, text.lastIndexOf('_') + 1 + startCharacters);
  const { prefix, shortToken, longToken } = parts;
  return `${prefix}_${`${shortToken}_${longToken}`.slice(0, startCharacters)}`;
}
