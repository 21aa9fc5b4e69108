import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findPresentedKey, parseKeySource } from '../../src/http/key-source.ts';
import type { HttpRequest } from '../../src/http/uws.ts';

/** The key that these sources find in a request, with the kind of its source. */
function found(
  sources: string[],
  headers: Readonly<Record<string, string>>,
  query = '',
): string | undefined {
  const request = { getHeader: (name: string) => headers[name] ?? '' } as HttpRequest;
  const parsed = sources.map((text) => {
    const source = parseKeySource(text);
    assert.ok(source, text);
    return source;
  });
  const presented = findPresentedKey(parsed, request, query);
  return presented && `${presented.source.kind} ${presented.key}`;
}

function basic(credentials: string): { authorization: string } {
  return { authorization: `basic ${Buffer.from(credentials).toString('base64')}` };
}

test('a bearer token is found whatever the case of its scheme', () => {
  for (const authorization of ['Bearer k_1', 'bearer k_1', 'BEARER  k_1 ']) {
    assert.equal(found(['bearer'], { authorization }), 'bearer k_1');
  }
  for (const authorization of ['', 'Bearer', 'Bearer ', 'Bearerk_1', 'Basic k_1', 'k_1']) {
    assert.equal(found(['bearer'], { authorization }), undefined, authorization);
  }
});

test('of basic authentication the password is the key, and without one the user name', () => {
  assert.equal(found(['basic'], basic('user:k_1')), 'basic k_1');
  assert.equal(found(['basic'], basic('user:k:1')), 'basic k:1');
  assert.equal(found(['basic'], basic('k_1:')), 'basic k_1');
  assert.equal(found(['basic'], basic('k_1')), 'basic k_1');
  assert.equal(found(['basic'], basic(':')), undefined);
  assert.equal(found(['basic'], { authorization: 'Basic !!!' }), undefined);
});

test('a header holds the whole key, by a name of any case', () => {
  assert.equal(found(['header:X-Token'], { 'x-token': ' k_1 ' }), 'header k_1');
});

test('a parameter is found by its exact name, decoded, the first of several', () => {
  assert.equal(found(['query:key'], {}, 'a=1&key=k%5F1&key=other'), 'query k_1');
  assert.equal(found(['query:key'], {}, '%6bey=k_1'), 'query k_1');
  for (const query of ['', 'my_key=k_1', 'key', 'key=', 'a=key']) {
    assert.equal(found(['query:key'], {}, query), undefined, query);
  }
});

test('the first source that holds a key decides, good or not', () => {
  const headers = { authorization: 'Bearer first', 'x-token': 'second' };
  assert.equal(found(['bearer', 'header:x-token'], headers), 'bearer first');
  assert.equal(found(['header:x-token', 'bearer'], headers), 'header second');
  assert.equal(found(['query:k', 'basic', 'bearer'], headers), 'bearer first');
});
