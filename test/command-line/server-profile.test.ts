import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { findServer } from '../../src/command-line/server-profile.ts';

const home = mkdtempSync(join(tmpdir(), 'latchkey-profiles-'));
const path = join(home, '.config', 'latchkey', 'profiles.json');
mkdirSync(join(home, '.config', 'latchkey'), { recursive: true });
after(() => rmSync(home, { recursive: true }));

const environment = { HOME: home };
const profiles = {
  default: { url: 'http://default.test', rootKey: 'key_of_default' },
  live: { url: 'https://live.test/', rootKey: 'key_of_live' },
  keyless: { url: 'https://keyless.test' },
};

function writeProfiles(content: unknown = profiles, mode = 0o600): void {
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  chmodSync(path, mode);
}

function found(variables: Record<string, string>, flags: Record<string, string> = {}) {
  const { url, rootKey } = findServer({ ...environment, ...variables }, flags);
  return [url, rootKey];
}

test('a flag wins over a named profile, and that over the variables', () => {
  writeProfiles();
  const variables = { LATCHKEY_URL: 'http://v.test', LATCHKEY_ROOT_KEY: 'key_of_variable' };
  assert.deepEqual(found(variables), ['http://v.test', 'key_of_variable']);
  assert.deepEqual(found(variables, { profile: 'live' }), ['https://live.test', 'key_of_live']);
  const named = { ...variables, LATCHKEY_PROFILE: 'live' };
  assert.deepEqual(found(named), ['https://live.test', 'key_of_live']);
  const flags = { profile: 'live', 'root-key': 'key_of_flag' };
  assert.deepEqual(found(variables, flags), ['https://live.test', 'key_of_flag']);
  assert.deepEqual(found(variables, { profile: 'keyless' }), [
    'https://keyless.test',
    'key_of_variable',
  ]);
});

test('the default profile counts when nothing else is said', () => {
  writeProfiles();
  assert.deepEqual(found({}), ['http://default.test', 'key_of_default']);
});

test('the root key of the default profile never goes to another server', () => {
  writeProfiles();
  assert.throws(() => found({}, { url: 'http://other.test' }), /no root key for http:\/\/other/);
  assert.throws(() => found({ LATCHKEY_URL: 'http://other.test' }), /no root key/);
});

test('profiles that others may read are not used', () => {
  for (const mode of [0o640, 0o604, 0o660]) {
    writeProfiles(profiles, mode);
    assert.throws(() => found({}), { name: 'UsageFault', message: /others may read.*chmod 600/ });
  }
});

test('profiles that cannot be used are refused without repeating them', () => {
  for (const content of ['{', '[]', '{"default":"secret"}', '{"default":{"rootKey":5}}']) {
    writeProfiles(content);
    assert.throws(() => found({}), { name: 'UsageFault', message: /must be \{"<name>"/ });
  }
  writeProfiles();
  assert.throws(() => found({}, { profile: 'nobody' }), /no profile 'nobody'.*default, live/);
  assert.throws(() => found({}, { profile: 'toString' }), /no profile 'toString'/);
});

test('without any profile the server of this machine is meant', () => {
  rmSync(path);
  assert.deepEqual(found({ LATCHKEY_ROOT_KEY: 'k' }), ['http://127.0.0.1:7070', 'k']);
  assert.throws(() => found({}), { name: 'UsageFault', message: /set LATCHKEY_ROOT_KEY/ });
  assert.throws(() => found({}, { profile: 'live' }), /it has none/);
});

test('what no URL and no root key can be is refused', () => {
  assert.throws(() => found({ LATCHKEY_ROOT_KEY: 'k' }, { url: 'localhost:7070' }), /must start/);
  assert.throws(() => found({ LATCHKEY_ROOT_KEY: 'with space' }), /has characters/);
});
