/** The pieces that request and result schemas share. */
import {
  anyObject,
  boolean,
  closed,
  integerBetween,
  list,
  nullable,
  oneOf,
  open,
  optional,
  type Static,
  string,
  stringBetween,
} from './json-schema.ts';

/** Where the contract names no maximum: past this, a JSON number is no longer exact. */
export const integerMax = Number.MAX_SAFE_INTEGER;
/** 2100-01-01 in Unix ms, the latest instant that the contract accepts. */
export const instantMaxMs = 4_102_444_800_000;
export const pageLimitDefault = 100;

export const apiId = stringBetween(8, 255, {
  pattern: '^[a-zA-Z0-9_]+$',
  description: 'The id of an API (`api_…`).',
});

export const keyId = stringBetween(3, 255, {
  pattern: '^[a-zA-Z0-9_]+$',
  description: 'The id of a key (`key_…`), not the key itself.',
});

export const externalId = stringBetween(1, 255, {
  pattern: '^[a-zA-Z0-9_.-]+$',
  description: 'Your own id of the user or organisation that the key belongs to.',
});

export const permissionSlug = stringBetween(1, 128, {
  pattern: '^[a-zA-Z0-9_:\\-\\.\\*]+$',
  description: 'A permission by its slug; upper and lower case are the same.',
});

export const roleName = stringBetween(1, 128, { description: 'A role by its name.' });

export const meta = anyObject({
  maxProperties: 100,
  description: 'Any JSON object of yours; it comes back with each verification.',
});

export const expires = integerBetween(0, instantMaxMs, {
  description: 'When the key stops being valid, in Unix milliseconds.',
});

export const pageLimit = integerBetween(1, 100, {
  default: pageLimitDefault,
  description: 'How many rows the page has at most.',
});

export const cursor = string({
  maxLength: 1024,
  description: 'The `pagination.cursor` of the page before; opaque.',
});

export const search = string({
  maxLength: 256,
  description: 'Only rows that contain this text, whatever its case.',
});

const refillInterval = oneOf(['daily', 'monthly'], 'How often the credits are refilled.');
const refillAmount = integerBetween(1, integerMax, {
  description: 'The credits that the key has after a refill.',
});
const refillDay = integerBetween(1, 31, {
  description: 'The day of a monthly refill; in shorter months their last day.',
});

export const refill = closed(
  {
    interval: refillInterval,
    amount: refillAmount,
    refillDay: optional(refillDay),
  },
  'How the credits are renewed; takes place at 00:00 UTC.',
);

export const remainingCredits = nullable(
  integerBetween(0, integerMax, { description: 'Credits left; null means unlimited.' }),
);

/** Credits, in requests as in answers. */
export const keyCredits = closed(
  { remaining: remainingCredits, refill: optional(refill) },
  'How often the key may still be used.',
);
export type KeyCredits = Static<typeof keyCredits>;

const ratelimitProperties = {
  name: stringBetween(3, 128, {
    description: 'The name by which a verification refers to the limit.',
  }),
  limit: integerBetween(1, integerMax, { description: 'How much is allowed within one window.' }),
  duration: integerBetween(1000, integerMax, {
    description: 'The length of the window in milliseconds.',
  }),
  autoApply: boolean({
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
  { id: string({ description: 'The id of the limit (`rl_…`).' }), ...ratelimitProperties },
  'A configured rate limit.',
);
export type Ratelimit = Static<typeof ratelimit>;

/** `data` of operations that have nothing to tell. */
export const emptyResult = open({}, 'Empty.');
