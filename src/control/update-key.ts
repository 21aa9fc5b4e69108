/** Three states for each field: absent keeps, null clears, a value sets. */
import type { UpdateKeyBody } from '../contract/keys.ts';
import { refillDayOf, refuseInput } from './credits.ts';
import { findPermittedKey, refuseUnknownKey } from './keys.ts';
import {
  ensureIdentity,
  ensurePermissions,
  resolveRoles,
  type Scope,
  setKeyPermissions,
  setKeyRoles,
  setLimits,
} from './links.ts';
import type { Operation } from './operation.ts';

export const updateKey: Operation<UpdateKeyBody, Record<never, never>> = async (
  { database, clock },
  caller,
  body,
) => {
  const { keyId } = await findPermittedKey(database, caller, {
    keyId: body.keyId,
    action: 'update_key',
  });
  await database.begin(async (transaction) => {
    const scope = { transaction, workspaceId: caller.workspaceId, nowMs: clock() };
    // Taken first, so that concurrent updates of one key follow one another.
    const [locked] = await transaction`
      select id from latchkey.keys where id = ${keyId} and deleted_at_ms is null for update`;
    if (!locked) refuseUnknownKey();
    await updateLinks(scope, body);
    await updateColumns(scope, body);
    if (body.credits !== undefined) await updateCredits(scope, keyId, body.credits);
  });
  return {};
};

async function updateLinks(scope: Scope, body: UpdateKeyBody): Promise<void> {
  const { keyId, roles, permissions, ratelimits } = body;
  if (roles) await setKeyRoles(scope, keyId, await resolveRoles(scope, roles));
  if (permissions) {
    await setKeyPermissions(scope, keyId, await ensurePermissions(scope, permissions));
  }
  if (ratelimits) await setLimits(scope, { column: 'key_id', id: keyId }, ratelimits);
}

async function updateColumns(scope: Scope, body: UpdateKeyBody): Promise<void> {
  const { transaction, nowMs } = scope;
  const columns: Record<string, string | number | boolean | null> = { updated_at_ms: nowMs };
  if (body.name !== undefined) columns.name = body.name;
  if (body.meta !== undefined) columns.meta = body.meta && JSON.stringify(body.meta);
  if (body.expires !== undefined) columns.expires_at_ms = body.expires;
  if (body.enabled !== undefined) columns.enabled = body.enabled;
  if (body.externalId !== undefined) {
    columns.identity_id = body.externalId && (await ensureIdentity(scope, body.externalId));
  }
  await transaction`
    update latchkey.keys set ${transaction(columns)} where id = ${body.keyId}`;
}

type CreditsUpdate = NonNullable<UpdateKeyBody['credits']>;

async function updateCredits(
  scope: Scope,
  keyId: string,
  credits: CreditsUpdate | null,
): Promise<void> {
  if (credits === null || credits.remaining === null) {
    if (credits?.refill) refuseInput('An unlimited key cannot have credits.refill.');
    await scope.transaction`delete from latchkey.key_credits where key_id = ${keyId}`;
    return;
  }
  if (credits.remaining !== undefined) {
    await scope.transaction`
      insert into latchkey.key_credits (key_id, remaining) values (${keyId}, ${credits.remaining})
      on conflict (key_id) do update set remaining = excluded.remaining`;
  }
  if (credits.refill !== undefined) await updateRefill(scope, keyId, credits.refill);
}

async function updateRefill(
  { transaction }: Scope,
  keyId: string,
  refill: CreditsUpdate['refill'],
): Promise<void> {
  if (refill?.interval === 'daily' && refill.refillDay !== undefined) {
    refuseInput('credits.refill.refillDay must be absent when the interval is daily.');
  }
  const updated = await transaction`
    update latchkey.key_credits
    set refill_amount = ${refill?.amount ?? null}, refill_day = ${refillDayOf(refill ?? undefined)}
    where key_id = ${keyId}`;
  if (updated.count === 0 && refill) {
    refuseInput('credits.remaining must be a number when credits.refill is given.');
  }
}
