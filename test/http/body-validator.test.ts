import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closed, integerBetween, list } from '../../src/contract/json-schema.ts';
import { verifyKeyBody } from '../../src/contract/verify-key.ts';
import { createBodyValidator, parseJsonBody } from '../../src/http/body-validator.ts';
import { createRandom } from '../support/random.ts';

const path = '/v2/keys.verifyKey';
const json = 'application/json';
const bytesOf = (text: string) => Buffer.from(text);

function faultOf(contentType: string, bytes: Uint8Array) {
  const parsed = parseJsonBody(path, contentType, bytes);
  assert.ok(!parsed.ok, 'the body must be refused');
  assert.equal(parsed.fault.code, 'unkey/application/invalid_input');
  assert.equal(parsed.fault.errors?.length, 1);
  const [violation] = parsed.fault.errors ?? [];
  assert.equal(violation?.location, 'requestBody');
  assert.ok(violation?.fix, 'a body that cannot be read comes with a remedy');
  return { detail: parsed.fault.detail, message: violation?.message ?? '' };
}

function parsed(text: string): unknown {
  const body = parseJsonBody(path, json, bytesOf(text));
  assert.ok(body.ok);
  return body.value;
}

test('application/json is accepted with parameters and in any case', () => {
  for (const type of [json, `${json}; charset=utf-8`, 'Application/JSON', ` ${json} ;x=y`]) {
    assert.equal(parseJsonBody(path, type, bytesOf('{}')).ok, true, type);
  }
});

test('another content type, or none, is refused by its name', () => {
  for (const type of ['', 'text/plain', 'application/jsonp', 'application/x-www-form-urlencoded']) {
    const { detail } = faultOf(type, bytesOf('{}'));
    assert.equal(detail, `POST operation request content type '${type}' does not exist`);
  }
  assert.ok(faultOf('x'.repeat(100_000), bytesOf('{}')).detail.length < 300);
});

test('an empty body is told apart from one that is not JSON', () => {
  assert.equal(faultOf(json, bytesOf('')).detail, `POST request body is empty for '${path}'`);
  const detail = `POST request body for '${path}' failed to validate schema`;
  for (const text of [' ', '{', '{"a":1,}', 'nul', "{'a':1}", '{} {}', '\ufeff{}', '{"a":"\n"}']) {
    assert.equal(faultOf(json, bytesOf(text)).detail, detail, JSON.stringify(text));
  }
});

test('the decoder’s message says where, and repeats nothing of the body', () => {
  const { message } = faultOf(json, bytesOf('{"key":"prod_secret",,"b":1}'));
  assert.match(message, /position 21|in JSON/);
  for (const text of ['{"key": prod_secret}', '"prod_secret', '["prod_secret" 1]', 'prod_secret']) {
    assert.doesNotMatch(faultOf(json, bytesOf(text)).message, /secret/, text);
  }
});

test('bytes that are not UTF-8 are refused, never read as something else', () => {
  for (const bytes of [[0xff], [0x22, 0xc3, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22]]) {
    assert.match(faultOf(json, Buffer.from(bytes)).message, /UTF-8/);
  }
});

test('nesting is bounded, also where it is never closed; brackets in strings do not count', () => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  assert.ok(parsed(nested(256)));
  assert.match(faultOf(json, bytesOf(nested(257))).message, /256 levels/);
  assert.match(faultOf(json, bytesOf('{"a":'.repeat(200_000))).message, /256 levels/);
  assert.ok(parsed(JSON.stringify({ a: '[{'.repeat(1000), b: `\\"${'['.repeat(1000)}` })));
  assert.ok(parsed(`[${'[],'.repeat(10_000)}[]]`), 'many beside each other are not deep');
});

test('what no store of ours can hold is read as U+FFFD, and nothing else is touched', () => {
  assert.equal(parsed('"a\\u0000b\\ud800c\\uDFFF"'), 'a\ufffdb\ufffdc\ufffd');
  assert.equal(parsed('"\\ud83d\\ude00 \\uD83D\\uDE00"'), '😀 😀');
  assert.equal(parsed('"\\ud83d\\ud83d\\ude00"'), '\ufffd😀');
  assert.equal(parsed('"\\\\u0000 \\\\\\u0000 \\u0001 \\n"'), '\\u0000 \\\ufffd \u0001 \n');
  assert.deepEqual(parsed('{"\\u0000":1}'), { '\ufffd': 1 });
});

test('of a field given twice the last counts, and __proto__ is a field like any other', () => {
  assert.deepEqual(parsed('{"a":1,"a":2}'), { a: 2 });
  const value = parsed('{"__proto__":{"key":"x"}}') as Record<string, unknown>;
  assert.equal(value.key, undefined);
  const refused = createBodyValidator(verifyKeyBody)(path, value);
  assert.deepEqual(
    refused?.errors?.map(({ message }) => message),
    ["missing property 'key'", "additional properties '__proto__' not allowed"],
  );
});

test('of 10,000 bodies with random bytes changed, exactly those that are JSON are read', () => {
  const seed = 7;
  const random = createRandom(seed);
  const whole = bytesOf('{"key":"a\\u00e9\\\\ü😀","tags":["x",{"y":[1.5e-3,-0,true,null]}]} ');
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  for (let count = 0; count < 10_000; count += 1) {
    const bytes = Buffer.from(whole);
    for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes -= 1) {
      const byte = random() < 0.5 ? whole[Math.floor(random() * whole.length)] : random() * 256;
      bytes[Math.floor(random() * bytes.length)] = byte as number;
    }
    let expected: unknown;
    try {
      expected = JSON.parse(strict.decode(bytes));
    } catch {}
    const body = parseJsonBody(path, json, bytes);
    const place = `seed ${seed}, body ${count}: ${bytes.toString('latin1')}`;
    assert.deepEqual(body.ok ? body.value : undefined, expected, place);
  }
});

test('a validator passes what follows its schema and tells all that does not', () => {
  const validate = createBodyValidator(verifyKeyBody);
  assert.equal(validate(path, { key: 'k', ratelimits: [{ name: 'abc', unknown: 1 }] }), undefined);
  assert.deepEqual(validate(path, { key: '', tags: ['', 1] }), {
    code: 'unkey/application/invalid_input',
    detail: `POST request body for '${path}' failed to validate schema`,
    errors: [
      { location: '/properties/key/minLength', message: 'minLength: got 0, want 1' },
      { location: '/properties/tags/items/minLength', message: 'minLength: got 0, want 1' },
      { location: '/properties/tags/items/type', message: 'got number, want string' },
    ],
  });
  assert.equal(validate(path, { key: 'k' }), undefined, 'a refusal leaves nothing behind');
});

test('no more than 100 violations are told, and each is short', () => {
  const validate = createBodyValidator(
    closed({ rows: list(closed({ a: integerBetween(0, 1, {}) }, 'A row.'), {}) }, 'Rows.'),
  );
  const rows = Array.from({ length: 50_000 }, () => ({ ['x'.repeat(1000)]: 1 }));
  const errors = validate(path, { rows })?.errors ?? [];
  assert.equal(errors.length, 100);
  assert.ok(errors.every(({ message }) => message.length < 300));
});
