import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  closed,
  integerBetween,
  list,
  nullable,
  oneOf,
  open,
  optional,
  stringBetween,
} from '../../src/contract/json-schema.ts';
import { createBoundedAjv } from '../../src/http/bounded-ajv.ts';
import { quote, toViolations } from '../../src/http/violations.ts';

const slug = optional(stringBetween(2, 4, { pattern: '^[a-z\\.]+$' }));
const schema = closed(
  {
    id: integerBetween(10, 20, {}),
    name: nullable(stringBetween(1, 3, {})),
    slug,
    kind: optional(oneOf(['daily', 'monthly'], 'A kind.')),
    parts: optional(
      list(open({ a: integerBetween(0, 1, {}), b: integerBetween(0, 1, {}) }, 'A part.'), {
        minItems: 1,
        maxItems: 2,
      }),
    ),
    inner: optional(closed({}, 'An object.')),
    bag: optional({ ...open({}, 'Anything.'), maxProperties: 1 }),
  },
  'A body.',
);
const validate = createBoundedAjv(100).compile(schema);

function violationsOf(body: unknown): string[] {
  validate(body);
  return toViolations(validate.errors ?? []).map(({ location, message, ...rest }) => {
    assert.deepEqual(rest, {}, 'a violation of the schema has no fix');
    return `${location} ${message}`;
  });
}

const good = { id: 10, name: 'n' };
const part = { a: 0, b: 0 };
const table: [name: string, body: unknown, violations: string[]][] = [
  ['nothing wrong', good, []],
  ['a whole number written with a fraction', JSON.parse('{"id":10.0,"name":null}'), []],
  ['wrong type', [], ['/type got array, want object']],
  ['null', null, ['/type got null, want object']],
  [
    'one of two types',
    { ...good, name: true },
    ['/properties/name/type got boolean, want string or null'],
  ],
  ['a fraction', { ...good, id: 10.5 }, ['/properties/id/type got number, want integer']],
  ['a number in a string', { ...good, id: '10' }, ['/properties/id/type got string, want integer']],
  [
    'an endless number',
    { ...good, id: JSON.parse('1e400') },
    ['/properties/id/type got number, want integer'],
  ],
  ['one property missing', { id: 10 }, ["/required missing property 'name'"]],
  ['several missing', {}, ["/required missing properties 'id', 'name'"]],
  [
    'one unknown',
    { ...good, x: 1 },
    ["/additionalProperties additional properties 'x' not allowed"],
  ],
  [
    'several unknown',
    { ...good, x: 1, "it's": 2 },
    ["/additionalProperties additional properties 'x', 'it\\'s' not allowed"],
  ],
  [
    'names of the prototype',
    JSON.parse('{"id":10,"name":"n","__proto__":{},"toString":1}'),
    ["/additionalProperties additional properties '__proto__', 'toString' not allowed"],
  ],
  [
    'an unknown one inside',
    { ...good, inner: { y: 1 } },
    ["/properties/inner/additionalProperties additional properties 'y' not allowed"],
  ],
  ['too small', { ...good, id: 9 }, ['/properties/id/minimum minimum: got 9, want 10']],
  ['too great', { ...good, id: 1e21 }, ['/properties/id/maximum maximum: got 1e+21, want 20']],
  ['too short', { ...good, name: '' }, ['/properties/name/minLength minLength: got 0, want 1']],
  ['too long', { ...good, name: 'abcd' }, ['/properties/name/maxLength maxLength: got 4, want 3']],
  ['three characters of six units', { ...good, name: '😀😀😀' }, []],
  [
    'four characters of eight units',
    { ...good, name: '😀😀😀😀' },
    ['/properties/name/maxLength maxLength: got 4, want 3'],
  ],
  [
    'one character of two units',
    { ...good, slug: '😀' },
    [
      '/properties/slug/minLength minLength: got 1, want 2',
      "/properties/slug/pattern '😀' does not match pattern '^[a-z\\\\.]+$'",
    ],
  ],
  [
    'a pattern',
    { ...good, slug: "A'\n" },
    ["/properties/slug/pattern 'A\\'\\n' does not match pattern '^[a-z\\\\.]+$'"],
  ],
  [
    'a line end after what matches',
    { ...good, slug: 'ab\n' },
    ["/properties/slug/pattern 'ab\\n' does not match pattern '^[a-z\\\\.]+$'"],
  ],
  [
    'a closed set',
    { ...good, kind: 'yearly' },
    ["/properties/kind/enum value must be one of 'daily', 'monthly'"],
  ],
  ['too few', { ...good, parts: [] }, ['/properties/parts/minItems minItems: got 0, want 1']],
  [
    'too many',
    { ...good, parts: [part, part, part] },
    ['/properties/parts/maxItems maxItems: got 3, want 2'],
  ],
  [
    'too many properties',
    { ...good, bag: { a: 1, b: 1 } },
    ['/properties/bag/maxProperties maxProperties: got 2, want 1'],
  ],
  [
    'items, each told, located without their index',
    { ...good, parts: [{ a: 2 }, {}] },
    [
      "/properties/parts/items/required missing property 'b'",
      '/properties/parts/items/properties/a/maximum maximum: got 2, want 1',
      "/properties/parts/items/required missing properties 'a', 'b'",
    ],
  ],
];

for (const [name, body, violations] of table) {
  test(`the wording of a violation: ${name}`, () => {
    assert.deepEqual(violationsOf(body).sort(), [...violations].sort());
  });
}

test('the same body has the same violations in the same order', () => {
  const body = { id: 'x', name: 5, slug: '', kind: 1, parts: [1, {}], x: 1 };
  const first = violationsOf(body);
  assert.ok(first.length > 5);
  assert.deepEqual(violationsOf(structuredClone(body)), first);
});

test('what is repeated of the body is cut and escaped', () => {
  assert.equal(quote('a"b'), `'a"b'`);
  assert.equal(quote('\u0007\\'), "'\\u0007\\\\'");
  assert.equal(quote('x'.repeat(1e6)), `'${'x'.repeat(128)}…'`);
});
