/** Requests and results of `ratelimit.*`. */
import {
  boolean,
  closed,
  integer,
  integerBetween,
  list,
  open,
  optional,
  type Static,
  string,
  stringBetween,
} from './json-schema.ts';
import { cursor, integerMax } from './shared.ts';

export const overridePageLimitDefault = 10;
const durationMaxMs = 30 * 24 * 60 * 60 * 1000;

const namespace = stringBetween(1, 512, {
  description: 'A namespace by its name, in which each character counts, or by its id (`rlns_…`).',
});
const identifier = stringBetween(1, 512, {
  description: 'What is counted: a user id, an address, or anything else.',
});
const overrideIdentifier = stringBetween(1, 512, {
  description: 'The identifier that the override is for; `*` stands for any characters.',
});
const overrideId = string({ description: 'The id of the override (`rlor_…`).' });

export const limitBody = closed(
  {
    namespace,
    identifier,
    limit: integerBetween(1, integerMax, { description: 'How much is allowed within one window.' }),
    duration: integerBetween(1000, durationMaxMs, { description: 'The window in milliseconds.' }),
    cost: optional(
      integerBetween(0, integerMax, {
        default: 1,
        description: 'What this call counts; 0 only looks.',
      }),
    ),
  },
  'One rate-limit decision.',
);
export type LimitBody = Static<typeof limitBody>;

export const limitResult = open(
  {
    success: boolean({ description: 'Whether the call is within its limit.' }),
    limit: integer({ description: 'The limit that applied, after overrides.' }),
    remaining: integer({ description: 'What is left in this window.' }),
    reset: integer({ description: 'When the window ends, in Unix milliseconds.' }),
    overrideId: optional(overrideId),
  },
  'The decision.',
);
export type LimitResult = Static<typeof limitResult>;

export const multiLimitBody = list(limitBody, {
  minItems: 1,
  maxItems: 100,
  description: 'Decisions taken together: if one is refused, none is counted.',
});
export type MultiLimitBody = Static<typeof multiLimitBody>;

export const multiLimitResult = open(
  {
    passed: boolean({ description: 'Whether each of the limits passed.' }),
    limits: list(
      open(
        {
          namespace: string({ description: 'As in the request.' }),
          identifier: string({ description: 'As in the request.' }),
          limit: integer({ description: 'The limit that applied, after overrides.' }),
          remaining: integer({ description: 'What is left in this window.' }),
          reset: integer({ description: 'When the window ends, in Unix milliseconds.' }),
          passed: boolean({ description: 'Whether this limit by itself passed.' }),
          overrideId: optional(overrideId),
        },
        'One decision.',
      ),
      { description: 'In the order of the request.' },
    ),
  },
  'The decisions.',
);
export type MultiLimitResult = Static<typeof multiLimitResult>;

export const setOverrideBody = closed(
  {
    namespace,
    identifier: overrideIdentifier,
    limit: integerBetween(0, integerMax, {
      description: 'The limit to apply instead; 0 refuses all.',
    }),
    duration: integerBetween(1000, integerMax, {
      description: 'The window to apply, in milliseconds.',
    }),
  },
  'An override to create or to replace.',
);
export type SetOverrideBody = Static<typeof setOverrideBody>;

export const setOverrideResult = open({ overrideId }, 'The stored override.');
export type SetOverrideResult = Static<typeof setOverrideResult>;

export const getOverrideBody = closed(
  { namespace, identifier: overrideIdentifier },
  'The override to read: the exact one, else one whose pattern matches.',
);
export type GetOverrideBody = Static<typeof getOverrideBody>;

export const overrideResult = open(
  {
    overrideId,
    identifier: string({ description: 'The identifier or pattern.' }),
    limit: integer({ description: 'The limit that applies instead.' }),
    duration: integer({ description: 'The window that applies, in milliseconds.' }),
  },
  'An override.',
);
export type OverrideResult = Static<typeof overrideResult>;

export const listOverridesBody = closed(
  {
    namespace,
    cursor: optional(cursor),
    limit: optional(
      integerBetween(1, 100, {
        default: overridePageLimitDefault,
        description: 'How many rows the page has at most.',
      }),
    ),
  },
  'Whose overrides to list.',
);
export type ListOverridesBody = Static<typeof listOverridesBody>;

export const listOverridesResult = list(overrideResult, { description: 'One page, by id.' });
export type ListOverridesResult = Static<typeof listOverridesResult>;

export const deleteOverrideBody = closed(
  { namespace, identifier: overrideIdentifier },
  'The override to delete, by exactly the identifier with which it was set.',
);
export type DeleteOverrideBody = Static<typeof deleteOverrideBody>;
