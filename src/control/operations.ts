/** Every management operation: its name, what its body must be, and the function behind it. */
import { createApiBody, deleteApiBody, getApiBody } from '../contract/apis.ts';
import type { Schema } from '../contract/json-schema.ts';
import { createKeyBody, deleteKeyBody, getKeyBody, updateKeyBody } from '../contract/keys.ts';
import { createApi, deleteApi, getApi } from './apis.ts';
import { createKey } from './create-key.ts';
import { getKey } from './get-key.ts';
import { deleteKey } from './keys.ts';
import type { Operation } from './operation.ts';
import { updateKey } from './update-key.ts';

export type NamedOperation = {
  name: string;
  body: Schema;
  /** A change is answered after this node's replica has it. */
  isChange: boolean;
  run: Operation<never, object>;
};

const change = true;
const read = false;

export const operations: readonly NamedOperation[] = [
  operation('apis.createApi', change, createApiBody, createApi),
  operation('apis.getApi', read, getApiBody, getApi),
  operation('apis.deleteApi', change, deleteApiBody, deleteApi),
  operation('keys.createKey', change, createKeyBody, createKey),
  operation('keys.getKey', read, getKeyBody, getKey),
  operation('keys.updateKey', change, updateKeyBody, updateKey),
  operation('keys.deleteKey', change, deleteKeyBody, deleteKey),
];

function operation<Body>(
  name: string,
  isChange: boolean,
  body: Schema<Body>,
  run: Operation<Body, object>,
): NamedOperation {
  return { name, body, isChange, run };
}
