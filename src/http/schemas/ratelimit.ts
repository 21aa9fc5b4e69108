/** Requests and results of `ratelimit.*`. */
import { type Static, Type } from '@sinclair/typebox';
import { closed, cursor, integer, integerMax, list, open, text } from './shared.ts';

export const overridePageLimitDefault = 10;
const durationMaxMs = 30 * 24 * 60 * 60 * 1000;

const namespace = text(1, 512, {
  description: 'A namespace by its name, in which each character counts, or by its id (`rlns_…`).',
});
const identifier = text(1, 512, {
  description: 'What is counted: a user id, an address, or anything else.',
});
const overrideIdentifier = text(1, 512, {
  description: 'The identifier that the override is for; `*` stands for any characters.',
});
const overrideId = Type.String({ description: 'The id of the override (`rlor_…`).' });

export const limitBody = closed(
  {
    namespace,
    identifier,
    limit: integer(1, integerMax, { description: 'How much is allowed within one window.' }),
    duration: integer(1000, durationMaxMs, { description: 'The window in milliseconds.' }),
    cost: Type.Optional(
      integer(0, integerMax, { default: 1, description: 'What this call counts; 0 only looks.' }),
    ),
  },
  'One rate-limit decision.',
);
export type LimitBody = Static<typeof limitBody>;

export const limitResult = open(
  {
    success: Type.Boolean({ description: 'Whether the call is within its limit.' }),
    limit: Type.Integer({ description: 'The limit that applied, after overrides.' }),
    remaining: Type.Integer({ description: 'What is left in this window.' }),
    reset: Type.Integer({ description: 'When the window ends, in Unix milliseconds.' }),
    overrideId: Type.Optional(overrideId),
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
    passed: Type.Boolean({ description: 'Whether each of the limits passed.' }),
    limits: list(
      open(
        {
          namespace: Type.String({ description: 'As in the request.' }),
          identifier: Type.String({ description: 'As in the request.' }),
          limit: Type.Integer({ description: 'The limit that applied, after overrides.' }),
          remaining: Type.Integer({ description: 'What is left in this window.' }),
          reset: Type.Integer({ description: 'When the window ends, in Unix milliseconds.' }),
          passed: Type.Boolean({ description: 'Whether this limit by itself passed.' }),
          overrideId: Type.Optional(overrideId),
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
    limit: integer(0, integerMax, { description: 'The limit to apply instead; 0 refuses all.' }),
    duration: integer(1000, integerMax, { description: 'The window to apply, in milliseconds.' }),
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
    identifier: Type.String({ description: 'The identifier or pattern.' }),
    limit: Type.Integer({ description: 'The limit that applies instead.' }),
    duration: Type.Integer({ description: 'The window that applies, in milliseconds.' }),
  },
  'An override.',
);
export type OverrideResult = Static<typeof overrideResult>;

export const listOverridesBody = closed(
  {
    namespace,
    cursor: Type.Optional(cursor),
    limit: Type.Optional(
      integer(1, 100, {
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
