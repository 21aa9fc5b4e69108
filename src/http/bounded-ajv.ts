/**
 * Ajv in strict mode that finds all violations of a body, up to a bound. With `allErrors` Ajv makes
 * one error object for each bad array item and each unknown field: a body of a few megabytes costs
 * hundreds of megabytes. So two of its keywords are replaced by ones that stop; the others can
 * only fail once for each place in the schema. Its lengths are replaced for speed.
 *
 * Plain Ajv (draft-07), not its 2020 variant: on what our schemas use the two drafts agree.
 */
import { createRequire } from 'node:module';
import type * as library from 'ajv';
import type { Ajv, AnySchemaObject, KeywordCxt } from 'ajv';
import type * as compiler from 'ajv/dist/compile/util.js';
import type { DataValidateFunction } from 'ajv/dist/types/index.js';
import { codePointCount } from './violations.ts';

/** Loaded with the first schema that is compiled: it takes a process 40 ms. */
const require = createRequire(import.meta.url);
const loadAjv = (): typeof library => require('ajv');
const loadCompiler = (): typeof compiler => require('ajv/dist/compile/util.js');

/** The variable in which the code that Ajv generates counts what it has found. */
const errorCountName = 'errors';

const replacedKeywords = ['items', 'additionalProperties', 'minLength', 'maxLength'];

/** `verbose`, because the wording of a violation needs the value and what was wanted of it. */
export function createBoundedAjv(violationsMax: number): Ajv {
  const { Ajv } = loadAjv();
  const ajv = new Ajv({
    strict: true,
    allowUnionTypes: true,
    allErrors: true,
    verbose: true,
    // Our schemas are not checked against the meta-schema, which would cost a compilation of it.
    meta: false,
    validateSchema: false,
  });
  for (const keyword of replacedKeywords) ajv.removeKeyword(keyword);
  ajv.addKeyword({
    keyword: 'items',
    type: 'array',
    schemaType: ['object', 'boolean'],
    before: 'uniqueItems',
    code: (context) => checkItems(context, violationsMax),
  });
  ajv.addKeyword({
    keyword: 'additionalProperties',
    type: 'object',
    schemaType: ['boolean', 'object'],
    errors: true,
    compile: (allowed: unknown, parent: AnySchemaObject) =>
      checkUnknownFields(allowed, parent, violationsMax),
  });
  addLengthKeywords(ajv);
  return ajv;
}

/**
 * A length is counted in code points only where the number of UTF-16 units leaves it open: on a
 * verification's body 0.1 µs instead of 0.4 µs, most of which was counting every string twice.
 */
function addLengthKeywords(ajv: Ajv): void {
  const { _ } = loadAjv();
  const ofString = { type: 'string', schemaType: 'number' } as const;
  ajv.addKeyword({
    ...ofString,
    keyword: 'maxLength',
    code(context) {
      const { data: text, schema: max } = context;
      const count = context.gen.scopeValue('func', { ref: codePointCount });
      context.fail(_`${text}.length > ${max} && ${count}(${text}) > ${max}`);
    },
  });
  ajv.addKeyword({
    ...ofString,
    keyword: 'minLength',
    code(context) {
      const { data: text, schema: min } = context;
      const count = context.gen.scopeValue('func', { ref: codePointCount });
      context.fail(_`${text}.length < ${2 * min} && ${count}(${text}) < ${min}`);
    },
  });
}

function checkItems(context: KeywordCxt, violationsMax: number): void {
  const { gen, data } = context;
  const { _, Name } = loadAjv();
  const { Type } = loadCompiler();
  const errorCount = new Name(errorCountName);
  const itemIsValid = gen.name('valid');
  gen.forRange('i', 0, _`${data}.length`, (index) => {
    context.subschema({ keyword: 'items', dataProp: index, dataPropType: Type.Num }, itemIsValid);
    gen.if(_`${errorCount} >= ${violationsMax}`, () => gen.break());
  });
}

/** Reports the unknown fields of one object as one violation; objects that are open pass. */
function checkUnknownFields(
  allowed: unknown,
  schema: AnySchemaObject,
  violationsMax: number,
): DataValidateFunction {
  if (allowed !== false) return () => true;
  const known = new Set(Object.keys(schema.properties));
  const check: DataValidateFunction = (object: object) => {
    const unknown: string[] = [];
    for (const name in object) {
      if (known.has(name)) continue;
      unknown.push(name);
      if (unknown.length === violationsMax) break;
    }
    if (unknown.length === 0) return true;
    check.errors = [{ keyword: 'additionalProperties', params: { additionalProperties: unknown } }];
    return false;
  };
  return check;
}
