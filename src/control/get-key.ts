import type { GetKeyBody, KeyResult, WhoamiBody } from '../contract/keys.ts';
import { holds } from '../domain/grants.ts';
import { keyHash } from '../domain/key-hash.ts';
import { demand } from './authorize.ts';
import { decryptKeys, requireRecoverableKeys, requireVault } from './encrypted-keys.ts';
import { findKeys, findPermittedKey, keyNeed, refuseUnknownKey } from './keys.ts';
import type { ControlContext, Operation } from './operation.ts';
import { readKeys } from './read-keys.ts';

export const getKey: Operation<GetKeyBody, KeyResult> = async (context, caller, body) => {
  const { database } = context;
  const place = await findPermittedKey(database, caller, {
    keyId: body.keyId,
    action: 'read_key',
  });
  if (!body.decrypt) return readKey(context, place.keyId);
  const vault = requireVault(context);
  demand(caller, { all: [keyNeed(place, 'decrypt_key')] });
  requireRecoverableKeys(place);
  const plaintext = (await decryptKeys(database, vault, [place.keyId])).get(place.keyId);
  const key = await readKey(context, place.keyId);
  return plaintext === undefined ? key : { ...key, plaintext };
};

/** Whoever may not read the key is told that there is none. */
export const whoami: Operation<WhoamiBody, KeyResult> = async (context, caller, body) => {
  const { database } = context;
  const [row] = await database<{ id: string }[]>`
    select id from latchkey.keys where hash = ${keyHash(body.key)} and hash_kind = 0`;
  const [place] = row ? await findKeys(database, caller, [row.id]) : [];
  if (!place || !holds(caller.grants, keyNeed(place, 'read_key'))) refuseUnknownKey();
  return readKey(context, place.keyId);
};

async function readKey(context: ControlContext, keyId: string): Promise<KeyResult> {
  await context.settleCredits?.([keyId]);
  const [key] = await readKeys(context.database, [keyId]);
  return key ?? refuseUnknownKey();
}
