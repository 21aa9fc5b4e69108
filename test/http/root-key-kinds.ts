/** Root keys that may verify everything, one API, one key or nothing; and some that are no good. */
import type { RootKeyRecord } from '../../src/domain/records.ts';
import { spanMs, startMs } from './key-facts.ts';

export type GeneratedRootKey = { token: string; record: RootKeyRecord };

/** The longest headers that the engine looks at, and the first that it does not. */
const tokenLengths = [502, 503, 504, 505, 506];

export function rootKeysOf(workspaceId: string, suffix: string): GeneratedRootKey[] {
  const urn = (path: string) => `unkey:v1:${workspaceId}:${path}`;
  const keys = `keyspaces/ks_${suffix}_0/keys`;
  const made: GeneratedRootKey[] = [];
  const add = (name: string, permissions: string[], part: Partial<RootKeyRecord> = {}) => {
    const rootKeyId = `root_${suffix}_${name}`;
    const record = {
      rootKeyId,
      workspaceId,
      isEnabled: true,
      expiresAtMs: 0,
      permissions,
      ...part,
    };
    made.push({ token: `token_${suffix}_${name}`, record });
  };
  const everything = [urn('**#*')];
  add('admin', everything);
  add('tuple', ['api.*.verify_key']);
  add('one-api', [`api.api_${suffix}_0.verify_key`, 'api.*.read_key']);
  add('two-apis', [`api.api_${suffix}_0.verify_key`, `api.api_${suffix}_1.verify_key`]);
  add('one-key', [urn(`${keys}/key_${suffix}_0#verify_key`)]);
  add('every-key', [urn(`${keys}/*#verify_key`)]);
  add('every-keyspace', [urn('keyspaces/*/keys/*#verify_key')]);
  add('everything-verified', [urn('keyspaces/**#verify_key')]);
  add('unrelated-urn', [urn(`keyspaces/ks_${suffix}_1/keys/key_x#verify_key`), 'api.*']);
  add('nothing', ['api.*.create_key', urn(`${keys}/*#read_key`)]);
  add('foreign', [`unkey:v1:ws_other:**#*`]);
  add('disabled', everything, { isEnabled: false });
  add('expired', everything, { expiresAtMs: startMs - 1 });
  add('expiring', everything, { expiresAtMs: startMs + spanMs / 2 });
  for (const length of tokenLengths)
    add('long'.padEnd(length - 7 - suffix.length, '-'), everything);
  return made;
}
