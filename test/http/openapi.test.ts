import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { operations } from '../../src/control/operations.ts';
import { type ApiServerPorts, createApiServer } from '../../src/http/api-server.ts';
import { hotCalls } from '../../src/http/hot-calls.ts';
import { openapiDocument } from '../../src/http/openapi.ts';
import type { HttpApp } from '../../src/http/uws.ts';

const document = openapiDocument([...hotCalls, ...operations]);

/** `post /v2/keys.createKey` for everything that uWebSockets.js is given when a server is made. */
function routesOfServer(): Set<string> {
  const routes = new Set<string>();
  const restore = ['uws-glibc-2.38', 'uws-glibc-2.27'].map((name) => listenIn(name, routes));
  try {
    const ports = {
      calls: operations,
      lookup: {},
      forwardAuth: { openApiIds: new Set() },
    } as unknown as ApiServerPorts;
    createApiServer(ports).app.close();
  } finally {
    for (const undo of restore) undo();
  }
  return routes;
}

/** Only one of the two builds loads on this system. */
function listenIn(packageName: string, routes: Set<string>): () => void {
  let library: { App(): HttpApp };
  try {
    library = createRequire(import.meta.url)(packageName);
  } catch {
    return () => {};
  }
  const { App } = library;
  library.App = () => {
    const app = App();
    for (const method of ['get', 'post', 'any'] as const) {
      const add = app[method].bind(app);
      app[method] = (pattern, handler) => {
        routes.add(`${method} ${pattern}`);
        return add(pattern, handler);
      };
    }
    return app;
  };
  return () => {
    library.App = App;
  };
}

/** Parameters have names in the document; the server has the files of one of them. */
function unnamed(route: string): string {
  return route.replace(/\{\w+\}|(?<=\/reference\/).+|\*$/, '*');
}

test('every route is in the document, and every documented route exists', () => {
  const routes = [...new Set([...routesOfServer()].map(unnamed))];
  const answered = routes.filter((route) => {
    if (route === 'any /*') return false;
    // Beside a route with a method, `any` refuses the other methods.
    const [method, path] = route.split(' ');
    return (
      method !== 'any' ||
      !routes.some((other) => /^(?:get|post) /.test(other) && other.endsWith(` ${path}`))
    );
  });
  const documented = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((method) => method !== 'parameters')
      .map((method) => unnamed(`${method} ${path}`)),
  );
  const forAny = answered.map((route) => route.replace(/^any /, 'get '));
  assert.deepEqual(documented.toSorted(), forAny.toSorted());
});

test('the document is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  const result = await validator.validate(structuredClone(document));
  assert.deepEqual(result.errors ?? [], []);
  assert.equal(result.valid, true);
  assert.equal(validator.version, '3.1');
});

test('every reference leads somewhere, and every named schema and response is used', () => {
  const text = JSON.stringify(document);
  const used = new Set(
    [...text.matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)].map(
      ([, kind, name]) => `${kind}/${name}`,
    ),
  );
  const { schemas = {}, responses = {} } = document.components;
  const there = [
    ...Object.keys(schemas).map((name) => `schemas/${name}`),
    ...Object.keys(responses).map((name) => `responses/${name}`),
  ];
  assert.deepEqual([...used].toSorted(), there.toSorted());
});

test('operations have different ids, and each is under a tag that is explained', () => {
  const all = Object.values(document.paths).flatMap((item) =>
    Object.values(item).filter((operation) => operation.operationId),
  );
  assert.equal(new Set(all.map(({ operationId }) => operationId)).size, all.length);
  const explained = (document.tags as { name: string; description: string }[]).filter(
    ({ name, description }) => description !== name,
  );
  const tags = new Set(all.flatMap((operation) => operation.tags));
  assert.deepEqual([...tags].toSorted(), explained.map(({ name }) => name).toSorted());
});
