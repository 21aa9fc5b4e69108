import type { KeyRecord } from '../../src/domain/records.ts';
import { limitOf } from '../verify/small-world.ts';

/** Ids of every number, texts of every kind, in half of the records ASCII alone. */
export function randomRecord(random: () => number): KeyRecord {
  const below = (bound: number) => Math.floor(random() * bound);
  const ascii = ['a', 'B', '_', ' ', '"', '\u007f'];
  const units = random() < 0.5 ? ascii : [...ascii, '\u0080', 'é', '\uffff', '😀'];
  const text = (lengthMax: number) =>
    Array.from({ length: below(lengthMax) }, () => units[below(units.length)]).join('');
  const ids = (prefix: string) => Array.from({ length: below(4) }, () => `${prefix}_${below(1e9)}`);
  const number = () => [0, 1, below(2 ** 31), Number.MAX_SAFE_INTEGER][below(4)] as number;
  return {
    keyId: `key_${below(1e9)}`,
    workspaceId: `ws_${below(1e9)}`,
    apiId: `api_${below(1e9)}`,
    identityId: random() < 0.5 ? '' : `id_${below(1e9)}`,
    isEnabled: random() < 0.5,
    expiresAtMs: number(),
    hasCredits: random() < 0.5,
    migrationId: random() < 0.5 ? '' : text(20),
    permissionIds: ids('perm'),
    roleIds: ids('role'),
    limits: Array.from({ length: below(4) }, () =>
      limitOf(text(10), { limit: number(), durationMs: number(), autoApply: random() < 0.5 }),
    ),
    name: text(30),
    metaJson: random() < 0.5 ? '' : JSON.stringify({ text: text(300) }),
  };
}
