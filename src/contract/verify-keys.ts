/** Request and result of `keys.verifyKeys`: many verifications in one body. */
import { errorSchema, invalidRequestSchema } from './envelopes.ts';
import { either, list, open, type Schema } from './json-schema.ts';
import { type VerifyKeyBody, verifyKeyBody, verifyKeyResult } from './verify-key.ts';

export const verificationsMax = 1000;

/** For the document: what each item must be. */
export const verifyKeysBody = list(verifyKeyBody, {
  minItems: 1,
  maxItems: verificationsMax,
  description: 'The keys to verify, each as keys.verifyKey takes it.',
});

/** What the body as a whole must be: an item that is wrong gets an answer of its own. */
export const verifyKeysEnvelope: Schema<unknown[]> = {
  type: 'array',
  minItems: 1,
  maxItems: verificationsMax,
  description: 'The keys to verify.',
} as Schema<unknown[]>;

export type VerifyKeysBody = VerifyKeyBody[];

const refusedItem = open(
  { error: either(invalidRequestSchema, errorSchema) },
  'An item that could not be judged.',
);

export const verifyKeysResult = list(either(verifyKeyResult, refusedItem), {
  description: 'A verdict or an error for each item, in the order of the request.',
});
