/** Requests and results of `analytics.*`. */
import { type Static, Type } from '@sinclair/typebox';
import { list, open } from './shared.ts';

/** One schema for both operations; an empty query is refused later, with its own code. */
export const analyticsBody = open(
  { query: Type.String({ description: 'One SELECT over the tables of this operation.' }) },
  'A question in SQL.',
);
export type AnalyticsBody = Static<typeof analyticsBody>;

export const analyticsResult = list(
  Type.Record(Type.String(), Type.Unknown(), { description: 'One row, by column name.' }),
  { description: 'The rows of the result.' },
);
export type AnalyticsResult = Static<typeof analyticsResult>;
