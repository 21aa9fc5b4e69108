/**
 * The pieces that request and answer schemas share. One schema gives the static type, the validator
 * and the OpenAPI document, hence the descriptions. Two house rules serve the wording of violations
 * ("got boolean, want string or null", "value must be one of …"): what may be null is a type list,
 * and a closed set is an `enum`, never a union of schemas. `default` is documentation; the handler
 * applies it.
 */
import {
  type ArrayOptions,
  type IntegerOptions,
  type Static,
  type StringOptions,
  type TObject,
  type TProperties,
  type TSchema,
  type TUnsafe,
  Type,
} from '@sinclair/typebox';

/** Where the contract names no maximum: past this, a JSON number is no longer exact. */
export const integerMax = Number.MAX_SAFE_INTEGER;
/** 2100-01-01 in Unix ms, the latest instant that the contract accepts. */
export const instantMaxMs = 4_102_444_800_000;
export const pageLimitDefault = 100;

/** An object that refuses unknown fields: the rule for request bodies and what is inside them. */
export function closed<T extends TProperties>(properties: T, description: string): TObject<T> {
  return Type.Object(properties, { additionalProperties: false, description });
}

/** An object in which unknown fields are ignored. */
export function open<T extends TProperties>(properties: T, description: string): TObject<T> {
  return Type.Object(properties, { description });
}

export function text(minLength: number, maxLength: number, options: StringOptions) {
  return Type.String({ minLength, maxLength, ...options });
}

export function integer(minimum: number, maximum: number, options: IntegerOptions) {
  return Type.Integer({ minimum, maximum, ...options });
}

export function oneOf<const T extends readonly string[]>(
  values: T,
  description: string,
): TUnsafe<T[number]> {
  return Type.Unsafe<T[number]>({ type: 'string', enum: values, description });
}

/** The same schema, with null as a second type. */
export function nullable<T extends TSchema>(schema: T): TUnsafe<Static<T> | null> {
  return Type.Unsafe<Static<T> | null>({ ...schema, type: [schema.type, 'null'] });
}

export function list<T extends TSchema>(items: T, options: ArrayOptions) {
  return Type.Array(items, options);
}

export const apiId = text(8, 255, {
  pattern: '^[a-zA-Z0-9_]+$',
  description: 'The id of an API (`api_…`).',
});

export const keyId = text(3, 255, {
  pattern: '^[a-zA-Z0-9_]+$',
  description: 'The id of a key (`key_…`), not the key itself.',
});

export const externalId = text(1, 255, {
  pattern: '^[a-zA-Z0-9_.-]+$',
  description: 'Your own id of the user or organisation that the key belongs to.',
});

export const permissionSlug = text(1, 128, {
  pattern: '^[a-zA-Z0-9_:\\-\\.\\*]+$',
  description: 'A permission by its slug; upper and lower case are the same.',
});

export const roleName = text(1, 128, { description: 'A role by its name.' });

export const meta = Type.Unsafe<Record<string, unknown>>({
  type: 'object',
  maxProperties: 100,
  additionalProperties: true,
  description: 'Any JSON object of yours; it comes back with each verification.',
});

export const expires = integer(0, instantMaxMs, {
  description: 'When the key stops being valid, in Unix milliseconds.',
});

export const pageLimit = integer(1, 100, {
  default: pageLimitDefault,
  description: 'How many rows the page has at most.',
});

export const cursor = Type.String({
  maxLength: 1024,
  description: 'The `pagination.cursor` of the page before; opaque.',
});

export const search = Type.String({
  maxLength: 256,
  description: 'Only rows that contain this text, whatever its case.',
});

const refillInterval = oneOf(['daily', 'monthly'], 'How often the credits are refilled.');
const refillAmount = integer(1, integerMax, {
  description: 'The credits that the key has after a refill.',
});
const refillDay = integer(1, 31, {
  description: 'The day of a monthly refill; in shorter months their last day.',
});

export const refill = closed(
  {
    interval: refillInterval,
    amount: refillAmount,
    refillDay: Type.Optional(refillDay),
  },
  'How the credits are renewed; takes place at 00:00 UTC.',
);

export const remainingCredits = nullable(
  integer(0, integerMax, { description: 'Credits left; null means unlimited.' }),
);

/** Credits, in requests as in answers. */
export const keyCredits = closed(
  { remaining: remainingCredits, refill: Type.Optional(refill) },
  'How often the key may still be used.',
);
export type KeyCredits = Static<typeof keyCredits>;

const ratelimitProperties = {
  name: text(3, 128, { description: 'The name by which a verification refers to the limit.' }),
  limit: integer(1, integerMax, { description: 'How much is allowed within one window.' }),
  duration: integer(1000, integerMax, { description: 'The length of the window in milliseconds.' }),
  autoApply: Type.Boolean({
    default: false,
    description: 'Whether each verification counts, even if it does not name the limit.',
  }),
};

/** A rate limit as a request configures it, for a key or an identity. */
export const ratelimitRequest = open(ratelimitProperties, 'A rate limit.');
export type RatelimitRequest = Static<typeof ratelimitRequest>;

export const ratelimitRequests = list(ratelimitRequest, {
  maxItems: 50,
  description: 'Rate limits; of two with the same name the later one counts.',
});

export const ratelimit = open(
  { id: Type.String({ description: 'The id of the limit (`rl_…`).' }), ...ratelimitProperties },
  'A configured rate limit.',
);
export type Ratelimit = Static<typeof ratelimit>;

/** `data` of operations that have nothing to tell. */
export const emptyResult = open({}, 'Empty.');
