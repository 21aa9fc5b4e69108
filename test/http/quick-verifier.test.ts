/**
 * What the native engine answers, TypeScript would answer alike: with the same bytes, events and
 * counts, and what TypeScript would not answer so is declined before anything has happened.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openSides } from './compared-sides.ts';
import { createDice, spanMs } from './key-facts.ts';
import { VerificationRequests } from './verification-requests.ts';
import { VerificationWorld } from './verification-world.ts';

async function openWorld(seed: number, options: Parameters<typeof openSides>[0] = {}) {
  const world = new VerificationWorld(seed);
  const sides = await openSides(options);
  after(() => sides.close());
  await sides.apply(world.changes());
  for (const [at, { record }] of world.keys.entries()) {
    if (record.hasCredits && at % 3 > 0) sides.lease(record.keyId, at % 3 === 1 ? 1000 : 2);
  }
  const dice = createDice(seed + 1);
  return { world, sides, dice, requests: new VerificationRequests(world, dice) };
}

test('one at a time', async () => {
  const { world, sides, dice, requests } = await openWorld(1);
  const seen = new Map<string, number>();
  const count = 4000;
  for (let round = 0; round < count; round += 1) {
    if (dice.chance(0.04)) await sides.apply(world.change());
    if (dice.chance(0.3)) sides.wait(dice.below((4 * spanMs) / count));
    const before = sides.quick.counts.answered;
    const { outcomes } = await sides.ask(requests.one());
    if (sides.quick.counts.answered > before)
      for (const o of outcomes) seen.set(o, (seen.get(o) ?? 0) + 1);
  }
  console.log(
    sides.quick.counts.answered,
    sides.quick.counts.declined,
    seen,
    sides.quick.leftOver(),
  );
  assert.ok(sides.quick.counts.answered > count / 3);
});
