import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closed, integerBetween, list, open, string } from '../../src/contract/json-schema.ts';
import { createBoundedAjv } from '../../src/http/bounded-ajv.ts';

const errorsOf = (schema: object, body: unknown) => {
  const validate = createBoundedAjv(100).compile(schema);
  validate(body);
  return validate.errors ?? [];
};

test('an array of bad items makes no more errors than the bound', () => {
  const row = open(
    { a: integerBetween(0, 1, {}), b: list(integerBetween(0, 1, {}), {}) },
    'A row.',
  );
  const bad = { a: 5, b: Array.from({ length: 1000 }, () => 5) };
  assert.equal(errorsOf(list(integerBetween(0, 1, {}), {}), Array(100_000).fill(7)).length, 100);
  assert.ok(errorsOf(list(row, {}), Array(1000).fill(bad)).length <= 101);
});

test('an object of unknown fields is one error that names no more than the bound', () => {
  const body = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`x${index}`, 0]));
  const [error, ...others] = errorsOf(closed({}, 'Nothing.'), body);
  assert.equal(others.length, 0);
  assert.equal(error?.params.additionalProperties.length, 100);
});

test('every item counts: one bad item behind 100,000 good ones is found', () => {
  assert.equal(errorsOf(list(string({}), {}), [...Array(100_000).fill('x'), 1]).length, 1);
});

test('a keyword that is misspelt is an error of ours, at once', () => {
  assert.throws(() => createBoundedAjv(100).compile({ type: 'string', maxLenght: 5 }), /maxLenght/);
});
