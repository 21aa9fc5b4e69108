import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBanner, startReport } from '../../src/command-line/start-banner.ts';
import { parseConfig } from '../../src/config/parse-config.ts';

function configOf(flags: Record<string, string>) {
  const parsed = parseConfig({ environment: {}, flags });
  assert.ok(parsed.ok);
  return parsed.config;
}

test('the root key of a first start is shown, and stands in the line to paste', () => {
  const config = configOf({});
  assert.deepEqual(startReport(config, 'unkey_made'), {
    api: 'http://127.0.0.1:7070',
    admin: 'http://127.0.0.1:7071',
    rootKey: 'unkey_made',
  });
  const banner = startBanner(config, 'unkey_made');
  assert.match(banner, /Root key {4}unkey_made\n/);
  assert.match(banner, /curl http:\/\/127\.0\.0\.1:7070\/v2\/apis\.createApi/);
  assert.match(banner, /"Authorization: Bearer unkey_made"/);
});

test('a root key that the operator chose is not repeated', () => {
  const config = configOf({ 'root-key': 'a_key_that_was_chosen' });
  assert.ok(!('rootKey' in startReport(config, 'a_key_that_was_chosen')));
  const banner = startBanner(config, 'a_key_that_was_chosen');
  assert.ok(!banner.includes('a_key_that_was_chosen'));
  assert.match(banner, /Bearer \$LATCHKEY_ROOT_KEY/);
});

test('a later start shows no root key', () => {
  const banner = startBanner(configOf({}), undefined);
  assert.ok(!banner.includes('Root key'));
  assert.match(banner, /curl http:\/\/127\.0\.0\.1:7070\/v2\/liveness/);
});

test('a server that listens everywhere is shown under the loopback name', () => {
  const { api, admin } = startReport(configOf({ host: '0.0.0.0', 'admin-host': '::1' }), undefined);
  assert.equal(api, 'http://127.0.0.1:7070');
  assert.equal(admin, 'http://[::1]:7071');
});
