/** Requests and results of `analytics.*`. */
import {
  anyObject,
  boolean,
  closed,
  integerBetween,
  list,
  oneOf,
  open,
  optional,
  type Static,
  string,
  stringBetween,
} from './json-schema.ts';
import { apiId, externalId, instantMaxMs, integerMax, keyId } from './shared.ts';

/** One schema for both operations; an empty query is refused later, with its own code. */
export const analyticsBody = open(
  { query: string({ description: 'One SELECT over the tables of this operation.' }) },
  'A question in SQL.',
);
export type AnalyticsBody = Static<typeof analyticsBody>;

export const analyticsResult = list(anyObject({ description: 'One row, by column name.' }), {
  description: 'The rows of the result.',
});
export type AnalyticsResult = Static<typeof analyticsResult>;

export const usageGranularities = ['minute', 'hour', 'day', 'month'] as const;
export type UsageGranularity = (typeof usageGranularities)[number];

export const usageGroups = ['outcome', 'key', 'identity', 'tag', 'api'] as const;
export type UsageGroup = (typeof usageGroups)[number];

export const usageTopDefault = 10;

const instant = (description: string) => integerBetween(0, instantMaxMs, { description });

export const usageBody = closed(
  {
    from: instant('The beginning, in Unix milliseconds; its whole bucket counts.'),
    to: optional(instant('The end, in Unix milliseconds, not included; without it: now.')),
    granularity: optional(
      oneOf(usageGranularities, 'The length of a bucket; without it: at most some 100 buckets.'),
    ),
    groupBy: optional(oneOf(usageGroups, 'What is told apart; without it: outcome.')),
    top: optional(
      integerBetween(1, 100, {
        default: usageTopDefault,
        description: 'How many groups are shown: those with the highest counts.',
      }),
    ),
    refusedOnly: optional(
      boolean({ default: false, description: 'Leave out what was VALID: refusals remain.' }),
    ),
    apiId: optional(apiId),
    keyId: optional(keyId),
    externalId: optional(externalId),
    tag: optional(stringBetween(1, 512, { description: 'Only what carried this tag.' })),
  },
  'Verifications, counted.',
);
export type UsageBody = Static<typeof usageBody>;

const count = integerBetween(0, integerMax, { description: 'How many verifications.' });
const spentCredits = integerBetween(0, integerMax, { description: 'Credits that they spent.' });
const outcomeCounts = anyObject({ description: 'The count of each outcome that occurred.' });

const group = string({
  description:
    'The outcome, the id of the key or API, the external id, or the tag; empty: without one.',
});

export const usageResult = open(
  {
    from: instant('The beginning of the first bucket.'),
    to: instant('The end, not included.'),
    granularity: oneOf(usageGranularities, 'The length of a bucket.'),
    groupBy: oneOf(usageGroups, 'What is told apart.'),
    total: open({ count, spentCredits, outcomes: outcomeCounts }, 'Over all groups.'),
    groups: list(open({ group, count, spentCredits, outcomes: outcomeCounts }, 'One group.'), {
      description: 'The groups with the highest counts, highest first.',
    }),
    series: list(
      open({ time: instant('The beginning of the bucket.'), group, count }, 'One group in time.'),
      { description: 'The buckets in which these groups have a count, in order of time.' },
    ),
  },
  'Usage over time.',
);
export type UsageResult = Static<typeof usageResult>;
