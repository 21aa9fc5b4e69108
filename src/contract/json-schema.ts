/**
 * JSON Schema with static types: one value gives the validator, the OpenAPI document and, by
 * `Static`, the type. Only what our requests need. TypeBox does the same and far more; importing
 * it took each process 100 ms of CPU and 16 MB, this takes none.
 *
 * Two rules serve the wording of violations ("got boolean, want string or null", "value must be one
 * of …"): what may be null is a list of types, and a closed set is an `enum`, never a union of
 * schemas. `default` is documentation; the handler applies it.
 */
declare const phantom: unique symbol;

/** A schema of values of type T. The symbol exists for the compiler only. */
export type Schema<T = unknown> = {
  readonly [phantom]?: T;
  readonly type: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly maxProperties?: number;
  /** Of results only. */
  readonly anyOf?: readonly Schema[];
};

/** The type of the values that a schema describes. */
export type Static<S> = S extends Schema<infer T> ? T : never;

/** What `optional` makes of a schema, for use as a field. */
export type Optional<T = unknown> = { readonly optional: Schema<T> };

type Fields = Readonly<Record<string, Schema | Optional>>;
type RequiredFields<F> = { [K in keyof F as F[K] extends Optional ? never : K]: Static<F[K]> };
type OptionalFields<F> = {
  [K in keyof F as F[K] extends Optional ? K : never]?: F[K] extends Optional<infer T> ? T : never;
};
/** The detour over `infer` makes the compiler write the fields out where it shows the type. */
type ObjectOf<F> = RequiredFields<F> & OptionalFields<F> extends infer T
  ? { [K in keyof T]: T[K] }
  : never;

/** Keywords besides those that the function itself sets. */
type Options = Partial<Omit<Schema, 'type' | typeof phantom>>;

export function string(options: Options): Schema<string> {
  return { type: 'string', ...options };
}

/** Both bounds are inclusive and count Unicode code points. */
export function stringBetween(minLength: number, maxLength: number, options: Options) {
  return string({ minLength, maxLength, ...options });
}

export function integer(options: Options): Schema<number> {
  return { type: 'integer', ...options };
}

/** Both bounds are inclusive. */
export function integerBetween(minimum: number, maximum: number, options: Options) {
  return integer({ minimum, maximum, ...options });
}

export function boolean(options: Options): Schema<boolean> {
  return { type: 'boolean', ...options };
}

export function oneOf<const T extends string>(
  values: readonly T[],
  description: string,
): Schema<T> {
  return { type: 'string', enum: values, description };
}

export function list<T>(items: Schema<T>, options: Options): Schema<T[]> {
  return { type: 'array', items, ...options };
}

/** An object with whatever fields the caller likes. */
export function anyObject(options: Options): Schema<Record<string, unknown>> {
  return { type: 'object', ...options };
}

/** An object that refuses unknown fields: the rule for request bodies and for what is in them. */
export function closed<F extends Fields>(fields: F, description: string): Schema<ObjectOf<F>> {
  return { ...open(fields, description), additionalProperties: false };
}

/** An object in which unknown fields are ignored. */
export function open<F extends Fields>(fields: F, description: string): Schema<ObjectOf<F>> {
  const properties: Record<string, Schema> = {};
  const required: string[] = [];
  for (const [name, field] of Object.entries(fields)) {
    if ('optional' in field) properties[name] = field.optional;
    else {
      properties[name] = field;
      required.push(name);
    }
  }
  return { type: 'object', properties, required, description };
}

/** An object of one of these kinds, in a result. */
export function either<A extends object, B extends object>(
  first: Schema<A>,
  second: Schema<B>,
): Schema<A | B> {
  return { type: 'object', anyOf: [first, second] };
}

export function optional<T>(schema: Schema<T>): Optional<T> {
  return { optional: schema };
}

/** The same schema, with null as a second type. */
export function nullable<T>(schema: Schema<T>): Schema<T | null> {
  return { ...schema, type: [schema.type, 'null'].flat() };
}
