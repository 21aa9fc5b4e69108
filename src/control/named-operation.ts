/** A row of the table of operations. */
import type { Schema } from '../contract/json-schema.ts';
import type { Operation, Page } from './operation.ts';

export type NamedOperation = {
  /** `apis.createApi`. */
  name: string;
  body: Schema;
  /** Of `data` in the answer. */
  result: Schema;
  /** What is put around the result: `data`, `data` with `pagination`, or nothing but `meta`. */
  envelope: 'data' | 'page' | 'meta';
  /** A change is answered after this node's replica has it. */
  isChange: boolean;
  run: Operation<never, object>;
};

type Schemas<Body, Result> = readonly [body: Schema<Body>, result: Schema<Result>];

export function change<Body, Result extends object>(
  name: string,
  run: Operation<Body, Result>,
  [body, result]: Schemas<Body, Result>,
): NamedOperation {
  return { name, body, result, envelope: 'data', isChange: true, run };
}

export function read<Body, Result extends object>(
  name: string,
  run: Operation<Body, Result>,
  [body, result]: Schemas<Body, Result>,
): NamedOperation {
  return { name, body, result, envelope: 'data', isChange: false, run };
}

/** A read whose result comes in pages. */
export function list<Body, Row extends object>(
  name: string,
  run: Operation<Body, Page<Row>>,
  [body, result]: Schemas<Body, Row[]>,
): NamedOperation {
  return { name, body, result, envelope: 'page', isChange: false, run };
}
