import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as analytics from '../../src/contract/analytics.ts';
import * as apis from '../../src/contract/apis.ts';
import * as identities from '../../src/contract/identities.ts';
import {
  closed,
  nullable,
  oneOf,
  optional,
  type Schema,
  type Static,
  string,
} from '../../src/contract/json-schema.ts';
import * as keyLinks from '../../src/contract/key-links.ts';
import * as keys from '../../src/contract/keys.ts';
import * as permissions from '../../src/contract/permissions.ts';
import * as ratelimit from '../../src/contract/ratelimit.ts';
import * as verifyKey from '../../src/contract/verify-key.ts';
import { createBodyValidator } from '../../src/http/body-validator.ts';
import { createRandomBodies } from '../support/random-bodies.ts';

const namespaces = [
  ...[analytics, apis, identities, keyLinks, keys, permissions, ratelimit, verifyKey],
].flatMap((namespace) => Object.entries(namespace));
const isSchema = (value: unknown) => typeof value === 'object' && !Array.isArray(value);
const schemas = namespaces.filter(([, value]) => isSchema(value)) as [string, Schema][];
const bodies = schemas.filter(([name]) => name.endsWith('Body'));

test('the static type is what the schema says', () => {
  const schema = closed(
    { id: nullable(string({})), kind: optional(oneOf(['a', 'b'], 'A kind.')) },
    'A thing.',
  );
  const things: Static<typeof schema>[] = [{ id: null }, { id: 'x', kind: 'b' }];
  // @ts-expect-error `id` is required
  things.push({});
  // @ts-expect-error `c` is not in the set
  things.push({ id: 'x', kind: 'c' });
  // @ts-expect-error a field that is absent is not there with the value undefined
  things.push({ id: 'x', kind: undefined });
  assert.deepEqual(schema, {
    type: 'object',
    description: 'A thing.',
    properties: {
      id: { type: ['string', 'null'] },
      kind: { type: 'string', enum: ['a', 'b'], description: 'A kind.' },
    },
    required: ['id'],
    additionalProperties: false,
  });
});

test('every schema, and every field in it, is valid JSON Schema 2020-12 and described', () => {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
  for (const [name, schema] of schemas) {
    assert.ok(ajv.validateSchema(schema), name);
    assertDescribed(name, schema);
  }
});

function assertDescribed(place: string, schema: Schema): void {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    assert.ok(field.description ?? field.items?.description, `${place}.${name}`);
    assertDescribed(`${place}.${name}`, field);
  }
  if (schema.items) assertDescribed(`${place}[]`, schema.items);
}

test('10,000 random bodies of each request: nothing throws, and 2020-12 agrees on each', () => {
  const seed = 20_260_821;
  const reference = new Ajv2020({ strict: true, allowUnionTypes: true });
  for (const [name, schema] of bodies) {
    const isValid = reference.compile(schema);
    const validate = createBodyValidator(schema);
    const nextBody = createRandomBodies(schema, seed);
    for (let count = 0; count < 10_000; count += 1) {
      const body = nextBody();
      const refused = validate('/v2/test', body);
      const place = () => `${name}, seed ${seed}, body ${count}: ${JSON.stringify(body)}`;
      if (isValid(body) !== (refused === undefined)) assert.fail(place());
      if (refused && !refused.errors?.length) assert.fail(place());
    }
  }
});
