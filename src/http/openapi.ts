/**
 * The OpenAPI 3.1 document, made of the schemas that validate: what is asked is described as it is
 * checked, and what is answered as the handlers' types have it.
 */
import {
  errorSchema,
  invalidRequestSchema,
  metaSchema,
  paginationSchema,
} from '../contract/envelopes.ts';
import { errorStatusesOf } from '../contract/error-statuses.ts';
import type { Schema } from '../contract/json-schema.ts';
import { jsonContentType, problemContentType } from './answers.ts';
import type { Envelope } from './management.ts';
import { pagePaths } from './openapi-pages.ts';
import { namedSchemas, withReferences } from './openapi-schemas.ts';
import { statusText } from './status-line.ts';

/** A POST with a JSON body: what it is called, what it takes and what it answers. */
export type DocumentedCall = {
  /** `keys.createKey`: the path is `/v2/` and this. */
  name: string;
  body: Schema;
  /** Of `data` in the answer. */
  result: Schema;
  envelope: Envelope;
  isChange: boolean;
};

export type OpenapiDocument = {
  openapi: string;
  paths: Record<string, object>;
  components: Record<string, object>;
  [field: string]: unknown;
};

/** Of the contract, not of the product. */
const contractVersion = '2.0.0';

const tags: Readonly<Record<string, string>> = {
  keys: 'Keys: verification, and everything about their life.',
  apis: 'APIs, to which keys belong.',
  identities: 'Users or organisations that hold any number of keys.',
  permissions: 'Permissions, and roles, which are named sets of them.',
  ratelimit: 'Rate limits of your own, without a key.',
  analytics: 'SQL over what was verified and limited.',
  workspaces: 'Administration: workspaces.',
  rootKeys: 'Administration: the keys that may call this API.',
  migrations: 'Administration: where imported keys come from.',
  auditLogs: 'Administration: who changed what.',
  proxies: 'For reverse proxies that ask about each request.',
  service: 'The service itself.',
};

const introduction = `Keys are verified, and everything about them is managed, with POST requests
that carry a JSON body and a root key: \`Authorization: Bearer <root key>\`.

Each answer has \`meta.requestId\`; a good one has status 200 and \`data\`, a refusal has \`error\`.
Of \`error\`, branch on \`status\` and \`type\`: the words of \`detail\` may change. A key that is
not good is no error: the answer is 200 with \`data.valid\` false.`;

export function openapiDocument(calls: readonly DocumentedCall[]): OpenapiDocument {
  const paths = Object.fromEntries(calls.map((call) => [`/v2/${call.name}`, pathOf(call)]));
  const statuses = new Set(calls.flatMap(({ name }) => errorStatusesOf(name)));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Latchkey',
      version: contractVersion,
      summary: 'Self-hosted API-key verification at memory speed.',
      description: introduction,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The server that this document comes from.' }],
    security: [{ rootKey: [] }],
    tags: tagsOf(calls),
    paths: { ...paths, ...pagePaths },
    components: {
      securitySchemes: {
        rootKey: { type: 'http', scheme: 'bearer', description: 'A root key.' },
        proxyRootKey: { type: 'apiKey', in: 'header', name: 'X-Latchkey-Root-Key' },
      },
      schemas: namedSchemas(),
      responses: Object.fromEntries(
        [...statuses].map((status) => [responseName(status), refusal(status)]),
      ),
    },
  };
}

function tagsOf(calls: readonly DocumentedCall[]): object[] {
  const used = new Set([...calls.map(({ name }) => tagOf(name)), 'proxies', 'service']);
  return [...used].map((name) => ({ name, description: tags[name] ?? name }));
}

function tagOf(name: string): string {
  return name.split('.', 1)[0] as string;
}

function pathOf(call: DocumentedCall): object {
  const { name, body } = call;
  const refusals = errorStatusesOf(name).map((status) => [
    String(status),
    { $ref: `#/components/responses/${responseName(status)}` },
  ]);
  return {
    post: {
      operationId: name,
      tags: [tagOf(name)],
      summary: summaryOf(name),
      ...(body.description && { description: body.description }),
      requestBody: {
        required: true,
        content: { [jsonContentType]: { schema: withReferences(body) } },
      },
      responses: { 200: successOf(call), ...Object.fromEntries(refusals) },
    },
  };
}

/** `keys.createKey` → `Create key`. */
function summaryOf(name: string): string {
  const [, verb = ''] = name.split('.');
  const words = verb.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const sentence = words.charAt(0).toUpperCase() + words.slice(1);
  return sentence.replace(/\bapi(s?)\b/, 'API$1');
}

const replicationHeader = {
  'X-Latchkey-Replication': {
    description: '`pending`: the change is made, but this node may still answer as before it.',
    schema: { type: 'string', enum: ['pending'] },
  },
};

function successOf({ result, envelope, isChange }: DocumentedCall): object {
  const properties = {
    meta: withReferences(metaSchema),
    ...(envelope !== 'meta' && { data: withReferences(result) }),
    ...(envelope === 'page' && { pagination: withReferences(paginationSchema) }),
  };
  const schema = { type: 'object', properties, required: Object.keys(properties) };
  return {
    description: result.description ?? 'Done.',
    ...(isChange && { headers: replicationHeader }),
    content: { [jsonContentType]: { schema } },
  };
}

function responseName(status: number): string {
  return (statusText(status) ?? String(status)).replaceAll(' ', '');
}

/** Which of the two content types comes depends on what the request accepts. */
function refusal(status: number): object {
  const error = status === 400 || status === 413 ? invalidRequestSchema : errorSchema;
  const properties = { meta: withReferences(metaSchema), error: withReferences(error) };
  const schema = { type: 'object', properties, required: ['meta', 'error'] };
  return {
    description: statusText(status) ?? 'Refused',
    content: { [jsonContentType]: { schema }, [problemContentType]: { schema } },
  };
}
