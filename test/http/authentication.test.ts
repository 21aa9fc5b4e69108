import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileGrants } from '../../src/domain/grants.ts';
import { authenticate, isFault, missingAuthorization } from '../../src/http/authentication.ts';

const nowMs = 1_800_000_000_000;
const rootKey = 'unkey_root';
const permissions = ['api.*.verify_key'];
const good = {
  ...{ rootKeyId: 'key_root', workspaceId: 'ws_1', isEnabled: true, expiresAtMs: 0 },
  ...{ permissions, grants: compileGrants('ws_1', permissions) },
};
const disabled = { isEnabled: false };
const expired = { expiresAtMs: nowMs - 1 };

type World = {
  rootKey?: Partial<typeof good> | undefined;
  /** undefined: there is no such workspace. */
  isWorkspaceEnabled?: boolean | undefined;
};

/** The code of the fault, or the id of the root key that was found good. */
function authenticated(header: string, world: World = {}): string {
  const isWorkspaceEnabled = 'isWorkspaceEnabled' in world ? world.isWorkspaceEnabled : true;
  const workspace =
    isWorkspaceEnabled === undefined
      ? undefined
      : {
          workspaceId: good.workspaceId,
          isEnabled: isWorkspaceEnabled,
          requestsPerMinuteMax: null,
          hasImports: false,
        };
  const lookup = {
    rootKeyByToken(token: string) {
      return token === rootKey ? { ...good, workspace, ...world.rootKey } : undefined;
    },
  };
  const found = authenticate(header, lookup, nowMs);
  return isFault(found) ? found.code : found.rootKeyId;
}

test('a good root key is found behind Bearer, whatever blanks stand around it', () => {
  for (const header of [`Bearer ${rootKey}`, `  Bearer ${rootKey} `, `Bearer    ${rootKey}`]) {
    assert.equal(authenticated(header), 'key_root', header);
  }
});

test('whatever is not Bearer and a key is malformed', () => {
  for (const header of ['Bearer', 'Bearer ', `bearer ${rootKey}`, `Basic ${rootKey}`, rootKey]) {
    assert.equal(authenticated(header), 'unkey/authentication/malformed', header);
  }
});

test('a key that is not a root key is not found', () => {
  for (const key of ['unkey_other', `${rootKey}x`, rootKey.toUpperCase(), 'acme_ordinary']) {
    assert.equal(authenticated(`Bearer ${key}`), 'unkey/authentication/key_not_found', key);
  }
});

test('each state of a root key has its answer, and of several the first in the contract', () => {
  const rows: [string, World][] = [
    ['unkey/data/workspace_not_found', { isWorkspaceEnabled: undefined }],
    ['unkey/authorization/workspace_disabled', { isWorkspaceEnabled: false }],
    ['unkey/authorization/key_disabled', { rootKey: disabled }],
    ['unkey/authorization/forbidden', { rootKey: expired }],
  ];
  for (const [place, [code, world]] of rows.entries()) {
    assert.equal(authenticated(`Bearer ${rootKey}`, world), code);
    for (const [, later] of rows.slice(place + 1)) {
      const both = { ...later, ...world, rootKey: { ...later.rootKey, ...world.rootKey } };
      assert.equal(authenticated(`Bearer ${rootKey}`, both), code);
    }
  }
});

test('a root key is good at the instant of its expiry, and not one millisecond after it', () => {
  const header = `Bearer ${rootKey}`;
  assert.equal(authenticated(header, { rootKey: { expiresAtMs: nowMs } }), 'key_root');
  assert.equal(authenticated(header, { rootKey: expired }), 'unkey/authorization/forbidden');
});

test('without the header the request violates its schema, at the place of the security', () => {
  assert.equal(missingAuthorization.code, 'unkey/application/invalid_input');
  assert.equal(missingAuthorization.detail, "Authorization header for 'bearer' scheme");
  assert.deepEqual(
    missingAuthorization.errors?.map((error) => error.location),
    ['security'],
  );
  assert.ok(missingAuthorization.errors?.[0]?.fix);
});
