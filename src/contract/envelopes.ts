/** What stands around the result of every operation, and what stands in its place. */
import { boolean, integer, list, open, optional, string } from './json-schema.ts';

export const metaSchema = open(
  { requestId: string({ description: 'The id of this call (`req_…`), as in the audit log.' }) },
  'About the call.',
);

export const paginationSchema = open(
  {
    hasMore: boolean({ description: 'Whether there is another page.' }),
    cursor: optional(string({ description: 'For the next page; absent on the last one.' })),
  },
  'Where the next page starts.',
);

const errorFields = {
  title: string({ description: 'The kind of error, in words.' }),
  detail: string({ description: 'What was wrong, for people; its wording may change.' }),
  status: integer({ description: 'The HTTP status.' }),
  type: string({ description: 'The kind of error, as a URL to branch on.' }),
};

export const errorSchema = open(errorFields, 'Why the call was refused.');

export const violationSchema = open(
  {
    location: string({ description: 'Where in the request, as a pointer into its schema.' }),
    message: string({ description: 'What is wrong there.' }),
    fix: optional(string({ description: 'What to do about it.' })),
  },
  'One thing that is wrong with the request.',
);

/** Of status 400 and 413. */
export const invalidRequestSchema = open(
  { ...errorFields, errors: list(violationSchema, { description: 'Everything that was found.' }) },
  'What is wrong with the request.',
);
