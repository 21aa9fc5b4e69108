/** What the OpenAPI document says of the paths that are no calls with a JSON body. */

const open = { security: [] };

function page(operationId: string, summary: string, contentType: string): object {
  const content = { [contentType]: { schema: { type: 'string' } } };
  return {
    get: {
      ...{ operationId, tags: ['service'], summary },
      ...open,
      responses: { 200: { description: summary, content } },
    },
  };
}

const liveness = {
  get: {
    ...{ operationId: 'liveness', tags: ['service'], summary: 'Whether this server is there' },
    ...open,
    responses: {
      200: {
        description: 'It is.',
        content: {
          'application/json': {
            schema: {
              type: 'object',
              properties: {
                meta: { $ref: '#/components/schemas/Meta' },
                data: {
                  type: 'object',
                  properties: { message: { type: 'string' } },
                  required: ['message'],
                },
              },
              required: ['meta', 'data'],
            },
          },
        },
      },
    },
  },
};

type Setting = [name: string, text: string, isRepeatable?: true];

const settings: Setting[] = [
  [
    'key',
    '`bearer`, `basic`, `header:<name>` or `query:<name>`; several are tried in turn. ' +
      'Without any: `bearer`, then `header:x-api-key`.',
    true,
  ],
  ['api', 'Only keys of this API.'],
  ['permissions', 'As in keys.verifyKey.'],
  ['cost', 'The credits that a use costs.'],
  ['limit', '`<name>`, `<name>:<cost>` or `<name>:<cost>:<limit>:<durationMs>`.', true],
  ['tag', 'Stored with the event.', true],
  ['migration', 'The import that keys may stem from which were not used since.'],
  ['hops', 'How many proxies of yours stand in front of here; without it 1.'],
];

const verdictHeaders = {
  'X-Latchkey-Code': { description: 'VALID, or why not.', schema: { type: 'string' } },
  'X-Latchkey-Key-Id': { description: 'The id of the key.', schema: { type: 'string' } },
  'X-Latchkey-Owner': {
    description: 'The externalId of its identity.',
    schema: { type: 'string' },
  },
};

function proxyQuestion(operationId: string, parameters: object[], text: string): object {
  return {
    get: {
      ...{ operationId, tags: ['proxies'], summary: 'Judge a request that a proxy is to pass on' },
      description: `${text} Any method will do; a body is not read.`,
      security: [{ proxyRootKey: [] }, {}],
      parameters,
      responses: {
        200: { description: 'The request may pass.', headers: verdictHeaders },
        401: { description: 'There is no key, or none that is good.' },
        403: { description: 'The key may not do this.' },
        429: { description: 'A limit is reached, or credits are used up.' },
        500: { description: 'The proxy is not set up as it should; the log says why.' },
        503: { description: 'There is no verdict at the moment.' },
      },
    },
  };
}

const queryParameters = settings.map(([name, description, isRepeatable]) => ({
  ...{ name, in: 'query', description },
  schema: isRepeatable ? { type: 'array', items: { type: 'string' } } : { type: 'string' },
}));

const pathParameters = [
  {
    ...{ name: 'uri', in: 'path', required: true, schema: { type: 'string' } },
    description: 'The path and the query string of the original request.',
  },
  {
    ...{ name: 'X-Latchkey-Settings', in: 'header', required: true, schema: { type: 'string' } },
    description: 'What stands in the query string of /forward-auth.',
  },
];

/** A path that ends in `/{…}` stands for everything below it. */
export const pagePaths: Record<string, object> = {
  '/forward-auth': proxyQuestion(
    'forwardAuth',
    queryParameters,
    'Headers tell of the original request.',
  ),
  '/forward-auth/original/{uri}': proxyQuestion(
    'forwardAuthOriginal',
    pathParameters,
    'For a proxy that can tell of the original URI only in the path.',
  ),
  '/v2/liveness': liveness,
  '/openapi.json': page('openapiJson', 'This document as JSON', 'application/json'),
  '/openapi.yaml': page('openapiYaml', 'This document as YAML', 'application/yaml'),
  '/reference': page('reference', 'This document as a page for people', 'text/html'),
  '/reference/{file}': {
    parameters: [{ name: 'file', in: 'path', required: true, schema: { type: 'string' } }],
    ...page('referenceFile', 'What that page is made of', 'text/javascript'),
  },
};
