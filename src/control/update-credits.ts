import type { UpdateCreditsBody } from '../contract/keys.ts';
import type { KeyCredits } from '../contract/shared.ts';
import { inChange, type Scope } from './change.ts';
import { addToRemaining, clearCredits, readCredits, setRemaining } from './credits.ts';
import { findPermittedKey, lockKey } from './keys.ts';
import { type Operation, refuseInput } from './operation.ts';

export const updateKeyCredits: Operation<UpdateCreditsBody, KeyCredits> = async (
  context,
  caller,
  body,
) => {
  const { keyId } = await findPermittedKey(context.database, caller, {
    keyId: body.keyId,
    action: 'update_key',
  });
  await context.settleCredits?.([keyId]);
  return inChange(context, caller, async (scope) => {
    await lockKey(scope, keyId);
    const before = await creditsOf(scope, keyId);
    await apply(scope, body);
    const after = await creditsOf(scope, keyId);
    scope.events.push({
      action: 'key.update',
      summary: `Changed the credits of key ${keyId}`,
      resources: [{ type: 'key', id: keyId }],
      before: { credits: before },
      after: { credits: after },
    });
    return after;
  });
};

async function creditsOf({ transaction }: Scope, keyId: string): Promise<KeyCredits> {
  return (await readCredits(transaction, [keyId])).get(keyId) ?? { remaining: null };
}

/** A refill goes when there is no number left that it could refill. */
async function apply({ transaction }: Scope, body: UpdateCreditsBody): Promise<void> {
  const { keyId, operation, value } = body;
  if (operation === 'set') {
    if (value === null || value === undefined) await clearCredits(transaction, keyId);
    else await setRemaining(transaction, keyId, value);
    return;
  }
  if (value === null || value === undefined) refuseInput(`value is required to ${operation}.`);
  const difference = operation === 'increment' ? value : -value;
  if (!(await addToRemaining(transaction, keyId, difference))) {
    refuseInput(`The key has unlimited credits, so there is nothing to ${operation}.`);
  }
}
