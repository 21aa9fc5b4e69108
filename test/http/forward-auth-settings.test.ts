import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cachedSettings, parseSettings } from '../../src/http/forward-auth-settings.ts';

function settingsOf(text: string) {
  const parsed = parseSettings(text);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.problem);
  return parsed.settings;
}

function problemOf(text: string): string {
  const parsed = parseSettings(text);
  assert.ok(!parsed.ok, `${text} must be refused`);
  return parsed.problem.replace('The settings of forward auth: ', '');
}

test('without settings a key is a bearer token or in X-API-Key, and no more is asked', () => {
  assert.deepEqual(settingsOf(''), {
    sources: [{ kind: 'bearer' }, { kind: 'header', name: 'x-api-key' }],
    apiId: '',
    hopCount: 1,
    check: {},
  });
});

test('every setting is read, decoded and in order', () => {
  const text =
    'key=query:api_key&key=header:X-Token&key=basic&api=api_1&permissions=a.read+OR%20b&cost=0' +
    '&limit=requests&limit=a%3Ab%25:3&limit=burst:1:10:60000&tag=x%26y&tag=z&hops=2&migration=acme';
  assert.deepEqual(settingsOf(text), {
    sources: [
      { kind: 'query', name: 'api_key' },
      { kind: 'header', name: 'x-token' },
      { kind: 'basic' },
    ],
    apiId: 'api_1',
    hopCount: 2,
    check: {
      permissions: 'a.read OR b',
      credits: { cost: 0 },
      ratelimits: [
        { name: 'requests' },
        { name: 'a:b%', cost: 3 },
        { name: 'burst', cost: 1, limit: 10, duration: 60_000 },
      ],
      tags: ['x&y', 'z'],
      migrationId: 'acme',
    },
  });
});

test('what means nothing is refused with its reason, never ignored', () => {
  const rows: [text: string, problem: RegExp][] = [
    ['kye=bearer', /^"kye" is not a setting/],
    ['cost=1&cost=2', /^cost is there twice/],
    ['permissions=', /^permissions is empty/],
    ['tag', /^tag is empty/],
    ['tag=%', /^a percent-encoding is not complete/],
    ['key=cookie', /^key must be bearer/],
    ['key=header:authorization', /^key must be bearer/],
    ['key=header:x-latchkey-root-key', /^key must be bearer/],
    ['key=header:a%20b', /^key must be bearer/],
    ['key=query:', /^key must be bearer/],
    ['hops=0', /^hops must be/],
    ['hops=1.5', /^hops must be/],
    ['cost=-1', /cost/],
    ['cost=1e3', /cost/],
    ['cost=9999999999999', /cost/],
    ['limit=ab', /ratelimits.*minLength/],
    ['limit=requests:x', /ratelimits.*cost/],
    ['limit=requests:1:2', /ratelimits/],
    ['limit=requests:1:2:3:4', /ratelimits/],
    [`tag=${'x'.repeat(513)}`, /tags.*maxLength/],
    [Array.from({ length: 21 }, () => 'tag=x').join('&'), /tags.*maxItems/],
    ['permissions=a%20AND', /^permissions: .* at position 5/],
  ];
  for (const [text, problem] of rows) assert.match(problemOf(text), problem, text);
});

test('the same text gives the same settings without being read again', () => {
  const first = cachedSettings('tag=again');
  assert.equal(cachedSettings('tag=again'), first);
  for (let number = 0; number < 1000; number += 1) cachedSettings(`tag=${number}`);
  assert.notEqual(cachedSettings('tag=again'), first, 'the cache is bounded');
  assert.deepEqual(cachedSettings('tag=again'), first);
});
