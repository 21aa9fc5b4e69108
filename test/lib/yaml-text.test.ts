import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { yamlText } from '../../src/lib/yaml-text.ts';

function comesBack(value: unknown): void {
  const text = yamlText(value);
  assert.deepEqual(parse(text), value, text);
  assert.deepEqual(parse(text, { version: '1.1' }), value, text);
}

test('whatever JSON can say comes back the same', () => {
  comesBack({ a: { b: [1, -2.5, true, false, null, 'text'], c: {} }, d: [] });
  comesBack([[1, [2, [3, []]]], [{ a: 1, b: [{ c: 2 }] }], {}]);
  comesBack({});
  comesBack('alone');
});

test('a text stays a text, whatever it looks like', () => {
  comesBack(['', 'yes', 'null', '1', '1e3', '2001-01-01', '~', '# no', ': ', '- a', '&a', '*a']);
  comesBack(['two\nlines\n', '\ttab', 'quote " and \\', '\u0000\u0007\u2028', 'é 😀', ' x ']);
});

test('a name stays a name, whatever it looks like', () => {
  const names = ['yes', 'N', 'null', '200', '', '/v2/a.b', 'a: b', '$ref', 'x-y', '#', 'a b'];
  comesBack(Object.fromEntries(names.map((name, at) => [name, at])));
});

test('a field without a value is left out', () => {
  assert.deepEqual(parse(yamlText({ a: undefined, b: 1 })), { b: 1 });
});
