import type { Schema } from '../../src/contract/json-schema.ts';
import { createRandom } from './random.ts';

/** What no schema expects, or what is just at an edge. */
const oddities: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1, 1.5, Infinity, -0, 2 ** 53, '', 'a', '😀', '\ud800', '\u0000'],
  ...[[], [null], [[[]]], {}, { x: 1 }, JSON.parse('{"__proto__":{"a":1},"constructor":0}')],
];

/** Makes bodies that follow a schema but for some oddities; the same ones for the same seed. */
export function createRandomBodies(schema: Schema, seed: number): () => unknown {
  const random = createRandom(seed);
  return () => randomValue(schema, random);
}

function randomValue(schema: Schema, random: () => number): unknown {
  if (random() < 0.04) return oddities[Math.floor(random() * oddities.length)];
  const [type] = [schema.type].flat();
  if (type === 'object') return randomObject(schema, random);
  if (type === 'array') return randomArray(schema, random);
  if (type === 'string') return randomString(schema, random);
  if (type === 'boolean') return random() < 0.5;
  return near(schema.minimum ?? 0, schema.maximum ?? 1000, random);
}

function randomObject(schema: Schema, random: () => number): object {
  const object: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const share = schema.required?.includes(name) ? 0.98 : 0.4;
    if (random() < share) object[name] = randomValue(field, random);
  }
  if (random() < 0.03) object[random() < 0.5 ? 'toString' : 'unknown'] = 1;
  return object;
}

function randomArray(schema: Schema, random: () => number): unknown[] {
  const isEdge = random() < 0.01;
  const max = schema.maxItems ?? 5;
  const length = isEdge ? near(schema.minItems ?? 0, max, random) : Math.floor(random() * 3);
  const items = schema.items as Schema;
  return Array.from({ length: Math.max(0, length) }, () => randomValue(items, random));
}

function randomString(schema: Schema, random: () => number): string {
  if (schema.enum && random() < 0.9) return schema.enum[0] as string;
  const isEdge = random() < 0.05;
  const length = isEdge
    ? near(schema.minLength ?? 0, schema.maxLength ?? 20, random)
    : (schema.minLength ?? 0) + Math.floor(random() * 6);
  const unit = random() < 0.9 ? 'a' : '😀';
  return unit.repeat(Math.max(0, length));
}

/** At a bound, one off it, or somewhere between. */
function near(minimum: number, maximum: number, random: () => number): number {
  const choice = Math.floor(random() * 5);
  const between = minimum + Math.floor(random() * Math.min(maximum - minimum, 1000));
  return [minimum, maximum, minimum - 1, maximum + 1, between][choice] as number;
}
