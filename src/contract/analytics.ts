/** Requests and results of `analytics.*`. */
import { anyObject, list, open, type Static, string } from './json-schema.ts';

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
