import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSatisfied, parsePermissionQuery } from '../../src/verify/permission-query.ts';
import { createRandom } from '../support/random.ts';

function satisfies(text: string, held: string[]): boolean {
  const parsed = parsePermissionQuery(text);
  assert.ok(parsed.ok, `${text} was refused`);
  return isSatisfied(parsed.query, new Set(held));
}

test('AND binds tighter than OR, and parentheses bind tightest', () => {
  assert.equal(satisfies('a OR b AND c', ['a']), true);
  assert.equal(satisfies('(a OR b) AND c', ['a']), false);
  assert.equal(satisfies('a AND b OR c', ['c']), true);
  assert.equal(satisfies('a AND (b OR c)', ['c']), false);
  assert.equal(satisfies('a AND (b OR c)', ['a', 'c']), true);
  assert.equal(satisfies('((a))', ['a']), true);
});

test('AND and OR are words of any case, also without blanks beside parentheses', () => {
  assert.equal(satisfies('a and b', ['a']), false);
  assert.equal(satisfies('a oR b', ['b']), true);
  assert.equal(satisfies('(a)And(b)', ['a', 'b']), true);
  assert.equal(satisfies('\ta\r\nOR\n b ', ['b']), true);
});

test('a permission may contain an operator, and is matched whole and by case', () => {
  assert.equal(satisfies('android OR orders.AND', ['orders.AND']), true);
  assert.equal(satisfies('Documents.read', ['documents.read']), false);
  assert.equal(satisfies('documents', ['documents.read']), false);
  assert.equal(satisfies('a-b_c:d/e.f*9', ['a-b_c:d/e.f*9']), true);
});

test('an asterisk stands for itself alone', () => {
  assert.equal(satisfies('api.*', ['api.read']), false);
  assert.equal(satisfies('api.read', ['api.*']), false);
  assert.equal(satisfies('api.*', ['api.*']), true);
});

for (const [text, problem, position] of [
  ['', 'Unexpected end of query', 0],
  [' \t\r\n', 'Unexpected end of query', 4],
  ['a AND', 'Unexpected end of query', 5],
  ['(', 'Unexpected end of query', 1],
  ['(a', 'Missing closing parenthesis', 2],
  ['(a ', 'Missing closing parenthesis', 3],
  ['((a OR b) AND c', 'Missing closing parenthesis', 15],
  ['(a b)', 'Missing closing parenthesis', 3],
  ['()', 'Empty parentheses', 1],
  ['a OR ( )', 'Empty parentheses', 7],
  ['AND', "Unexpected token 'AND'", 0],
  ['or a', "Unexpected token 'or'", 0],
  ['a AND OR b', "Unexpected token 'OR'", 6],
  ['(a AND )', "Unexpected token ')'", 7],
  [')', "Unexpected token ')'", 0],
  ['a b', "Unexpected token 'b'", 2],
  ['a)', "Unexpected token ')'", 1],
  ['a (b)', "Unexpected token '('", 2],
  ['a & b', "Invalid character '&'", 2],
  ['a\u00a0OR b', "Invalid character '\u00a0'", 1],
  ['😀', "Invalid character '😀'", 0],
  ['a OR b\u0000', "Invalid character '\u0000'", 6],
] as const) {
  test(`${JSON.stringify(text)} is refused: ${problem}, at ${position}`, () => {
    const expected = { ok: false, problem: `${problem} at position ${position}`, position };
    assert.deepEqual(parsePermissionQuery(text), expected);
  });
}

test('no nesting and no chain is too long', () => {
  const deep = `${'('.repeat(50_000)}a${')'.repeat(50_000)}`;
  assert.equal(satisfies(deep, ['a']), true);
  assert.equal(satisfies(`${'(x OR '.repeat(5_000)}a${')'.repeat(5_000)}`, ['a']), true);
  assert.equal(satisfies(`${'x AND '.repeat(50_000)}a`, ['x']), false);
});

/** A second opinion: JavaScript's own operators, which bind as AND and OR do. */
function evaluateAsJavaScript(text: string, held: Set<string>): boolean {
  const expression = text.replace(/[^\s()]+/g, (word) => {
    if (/^and$/i.test(word)) return '&&';
    return /^or$/i.test(word) ? '||' : String(held.has(word));
  });
  return new Function(`return ${expression}`)();
}

test('10,000 random queries are answered as JavaScript would', () => {
  const random = createRandom(7);
  const names = ['a', 'b', 'c', 'd', 'e'];
  const write = (depth: number): string => {
    if (depth === 0 || random() < 0.3) return names[Math.floor(random() * 5)] as string;
    const operator = random() < 0.5 ? 'AND' : 'or';
    const text = `${write(depth - 1)} ${operator} ${write(depth - 1)}`;
    return random() < 0.4 ? `(${text})` : text;
  };
  for (let round = 0; round < 10_000; round += 1) {
    const text = write(5);
    const held = new Set(names.filter(() => random() < 0.5));
    const shown = `${text} with ${[...held]}`;
    assert.equal(satisfies(text, [...held]), evaluateAsJavaScript(text, held), shown);
  }
});

test('10,000 random texts never throw, and every refusal is placed inside the text', () => {
  const random = createRandom(11);
  const parts = ['(', ')', ' AND ', ' or ', 'a', 'b.*', ' ', '\n', '&', 'é', '\ud800', '😀'];
  for (let round = 0; round < 10_000; round += 1) {
    const count = Math.floor(random() * 30);
    const text = Array.from({ length: count }, () => parts[Math.floor(random() * 12)]).join('');
    const parsed = parsePermissionQuery(text);
    if (parsed.ok) isSatisfied(parsed.query, new Set(['a']));
    else assert.ok(parsed.position >= 0 && parsed.position <= Buffer.byteLength(text), text);
  }
});
