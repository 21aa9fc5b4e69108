/** Three states for each field: absent keeps, null clears, a value sets. */
import type { UpdateKeyBody } from '../contract/keys.ts';
import { difference, inChange, type Scope } from './change.ts';
import { readCredits, updateCredits } from './credits.ts';
import { ensureIdentities } from './identity-rows.ts';
import { permissionLinks, replaceLinks, roleLinks } from './key-links.ts';
import { findPermittedKey, lockKey } from './keys.ts';
import { replaceLimits } from './limit-rows.ts';
import type { Nothing, Operation } from './operation.ts';
import { ensurePermissions } from './permission-rows.ts';
import { resolveRoles } from './role-rows.ts';

export const updateKey: Operation<UpdateKeyBody, Nothing> = async (context, caller, body) => {
  const { keyId } = await findPermittedKey(context.database, caller, {
    keyId: body.keyId,
    action: 'update_key',
  });
  return inChange(context, caller, async (scope) => {
    await lockKey(scope, keyId);
    const before = await readSettings(scope, keyId);
    const identityId = await identityIdOf(scope, body.externalId);
    await updateLinks(scope, body);
    await updateColumns(scope, body, identityId);
    if (body.credits !== undefined) await updateCredits(scope, keyId, body.credits);
    noteUpdate(scope, keyId, difference(before, await readSettings(scope, keyId)));
    return {};
  });
};

/** undefined: stays as it is. */
async function identityIdOf(
  scope: Scope,
  externalId: string | null | undefined,
): Promise<string | null | undefined> {
  if (externalId === null || externalId === undefined) return externalId;
  return (await ensureIdentities(scope, [externalId])).get(externalId);
}

async function updateLinks(scope: Scope, body: UpdateKeyBody): Promise<void> {
  const { keyId, roles, permissions, ratelimits } = body;
  if (roles) {
    const targets = [...(await resolveRoles(scope, roles)).values()];
    await replaceLinks(scope, roleLinks, { keyId, targets });
  }
  if (permissions) {
    const rows = [...(await ensurePermissions(scope, permissions)).values()];
    const targets = rows.map(({ id, slug }) => ({ id, name: slug }));
    await replaceLinks(scope, permissionLinks, { keyId, targets });
  }
  if (ratelimits) {
    await replaceLimits(scope, { owner: { type: 'key', id: keyId }, limits: ratelimits });
  }
}

async function updateColumns(
  { transaction, nowMs }: Scope,
  body: UpdateKeyBody,
  identityId: string | null | undefined,
): Promise<void> {
  const columns: Record<string, string | number | boolean | null> = { updated_at_ms: nowMs };
  if (body.name !== undefined) columns.name = body.name;
  if (body.meta !== undefined) columns.meta = body.meta && JSON.stringify(body.meta);
  if (body.expires !== undefined) columns.expires_at_ms = body.expires;
  if (body.enabled !== undefined) columns.enabled = body.enabled;
  if (identityId !== undefined) columns.identity_id = identityId;
  await transaction`
    update latchkey.keys set ${transaction(columns)} where id = ${body.keyId}`;
}

/** What the audit log compares. */
async function readSettings({ transaction }: Scope, keyId: string): Promise<object> {
  const [settings] = await transaction<{ meta: string | null }[]>`
    select k.name, k.meta, k.enabled, k.expires_at_ms as expires, i.external_id as "externalId"
    from latchkey.keys k left join latchkey.identities i on i.id = k.identity_id
    where k.id = ${keyId}`;
  const credits = (await readCredits(transaction, [keyId])).get(keyId);
  return { ...settings, meta: JSON.parse(settings?.meta ?? 'null'), credits };
}

function noteUpdate(scope: Scope, keyId: string, changed: ReturnType<typeof difference>): void {
  scope.events.push({
    action: 'key.update',
    summary: `Changed key ${keyId}`,
    resources: [{ type: 'key', id: keyId }],
    ...changed,
  });
}
