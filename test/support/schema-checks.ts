import assert from 'node:assert/strict';
import { HTTPClient, Unkey } from '@unkey/api';
import type { Schema } from '../../src/contract/json-schema.ts';
import { createBodyValidator } from '../../src/http/body-validator.ts';

/** Where a body violates its schema, sorted; empty for a body that does not. */
export function violatedLocations(schema: Schema, body: unknown): string[] {
  const refused = createBodyValidator(schema)('/v2/test', body);
  return (refused?.errors ?? []).map(({ location }) => location).sort();
}

/** One row says which locations a body violates. */
export type Row = [schema: Schema, body: unknown, ...locations: string[]];

export function assertRows(rows: readonly Row[]): void {
  for (const [schema, body, ...locations] of rows) {
    assert.deepEqual(violatedLocations(schema, body), locations.sort(), JSON.stringify(body));
  }
}

/** One call of the official SDK, and the operation and schema that its body has to follow. */
export type SdkCall = [path: string, schema: Schema, call: (unkey: Unkey) => Promise<unknown>];

export async function assertSdkCalls(calls: readonly SdkCall[]): Promise<void> {
  for (const [path, schema, call] of calls) {
    const sent = await sdkBody(call);
    assert.equal(sent.path, `/v2/${path}`);
    assert.deepEqual(violatedLocations(schema, sent.body), [], JSON.stringify(sent.body));
  }
}

/** What the SDK puts on the wire for one call, defaults of its own included. */
async function sdkBody(
  call: (unkey: Unkey) => Promise<unknown>,
): Promise<{ path: string; body: unknown }> {
  const sent: Request[] = [];
  const httpClient = new HTTPClient({
    fetcher: async (input, init) => {
      sent.push(new Request(input, init));
      return Response.json({ meta: { requestId: 'req_1' }, data: {} });
    },
  });
  const unkey = new Unkey({ serverURL: 'http://127.0.0.1', rootKey: 'unkey_test', httpClient });
  // The answer need not please the SDK here: what it sent is all that is asked for.
  await call(unkey).catch(() => {});
  const [request] = sent;
  assert.ok(request, 'the SDK refused the call before sending it');
  return { path: new URL(request.url).pathname, body: await request.json() };
}
