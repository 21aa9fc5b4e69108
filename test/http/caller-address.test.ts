import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callerAddress } from '../../src/http/caller-address.ts';
import { recordExchange } from './recorded-exchange.ts';

function addressOf(forwardedFor: string, isAborted = false): string {
  const { exchange, abort } = recordExchange({ 'x-forwarded-for': forwardedFor });
  if (isAborted) abort();
  return callerAddress(exchange);
}

test('the first entry of X-Forwarded-For that is not empty is the caller, without its port', () => {
  const rows = {
    '198.51.100.7': '198.51.100.7',
    ' 198.51.100.7 , 10.0.0.1': '198.51.100.7',
    '198.51.100.7:4711': '198.51.100.7',
    ', ,198.51.100.7,10.0.0.1': '198.51.100.7',
    '2001:db8::1': '2001:db8::1',
    '[2001:db8::1]': '2001:db8::1',
    '[2001:db8::1]:4711, 10.0.0.1': '2001:db8::1',
    '[2001:db8::1': '2001:db8::1',
    'unknown, 10.0.0.1': 'unknown',
  };
  for (const [header, expected] of Object.entries(rows)) {
    assert.equal(addressOf(header), expected, header);
  }
});

test('without an entry it is the address of the connection', () => {
  for (const header of ['', ' ', ',', ':80', '[]:80']) {
    assert.equal(addressOf(header), '192.0.2.1', header);
  }
});

test('of a connection that is gone nothing is asked', () => {
  assert.equal(addressOf('', true), '');
  assert.equal(addressOf('198.51.100.7', true), '198.51.100.7');
});
