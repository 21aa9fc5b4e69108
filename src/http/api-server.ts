/**
 * The public API of one worker. A verification is answered before its handler returns; a management
 * call waits for Postgres and, if it changed something, for this node's replica.
 */
import { type VerifyKeyBody, verifyKeyBody } from '../contract/verify-key.ts';
import type { VerificationEvent } from '../domain/verification-event.ts';
import type { KeyLookup } from '../verify/ports.ts';
import { verifyKey } from '../verify/verify-key.ts';
import { answer, answerOfJson } from './answers.ts';
import type { RootKeyLookup } from './authentication.ts';
import { type Exchange, openExchange, sendJson, type Traffic } from './exchange.ts';
import { type Admitted, addJsonEndpoint, refuseMethod } from './json-endpoint.ts';
import { type AwaitApplied, type ManagementCall, runManagementCall } from './management.ts';
import { createHttpApp, type HttpApp, type HttpResponse } from './uws.ts';
import { toVerificationEvent } from './verification-record.ts';
import { verifyResultJson } from './verify-answer.ts';

export type ApiServerPorts = {
  lookup: KeyLookup & Pick<RootKeyLookup, 'rootKeyByHash'>;
  calls: readonly ManagementCall[];
  awaitApplied: AwaitApplied;
  record(event: VerificationEvent): void;
  onAnswered(status: number): void;
  /** Unix ms. */
  clock: () => number;
  /** Monotonic, in ms with fractions. */
  stopwatch: () => number;
  bodyBytesMax: number;
};

export type ApiServer = { app: HttpApp; traffic: Traffic };

export function createApiServer(ports: ApiServerPorts): ApiServer {
  const { lookup, clock, bodyBytesMax } = ports;
  const app = createHttpApp();
  const traffic = openTraffic(app, ports.onAnswered);
  const rootKeys: RootKeyLookup = {
    rootKeyByHash: lookup.rootKeyByHash,
    workspace: (workspaceId) => lookup.find('workspace', workspaceId),
  };
  const endpoint = { app, traffic, rootKeys, clock, bodyBytesMax };

  app.get('/v2/liveness', (response, request) => {
    const exchange = openExchange(response, request, traffic);
    sendJson(exchange, answer(exchange.requestId, { message: 'alive' }));
  });
  app.any('/v2/liveness', refuseMethod);
  addJsonEndpoint(
    endpoint,
    { path: '/v2/keys.verifyKey', body: verifyKeyBody },
    (exchange, request) => verifyOne(ports, exchange, request),
  );
  for (const call of ports.calls) {
    const { name, body } = call;
    addJsonEndpoint(endpoint, { path: `/v2/${name}`, body }, (exchange, request) => {
      void runManagementCall(call, { exchange, request }, ports.awaitApplied);
    });
  }
  app.any('/*', (response) => {
    response.writeStatus('404 Not Found').end('404 page not found\n');
  });
  return { app, traffic };
}

function verifyOne(
  { lookup, clock, stopwatch, record }: ApiServerPorts,
  exchange: Exchange,
  { principal, body }: Admitted,
): void {
  const startedAt = stopwatch();
  const request = body as VerifyKeyBody;
  const nowMs = clock();
  const verdict = verifyKey(principal, request, { lookup, nowMs });
  record(
    toVerificationEvent(verdict, {
      requestId: exchange.requestId,
      workspaceId: principal.workspaceId,
      tags: request.tags,
      timeMs: nowMs,
      latencyUs: Math.round((stopwatch() - startedAt) * 1000),
    }),
  );
  sendJson(exchange, answerOfJson(exchange.requestId, verifyResultJson(verdict)));
}

function openTraffic(app: HttpApp, onAnswered: (status: number) => void): Traffic {
  const traffic = { isDraining: false, inFlightCount: 0, connectionCount: 0, onAnswered };
  // Not an array: the application tells of each connection that opens (1) or closes (-1).
  const countConnection = (_response: HttpResponse, change: unknown) => {
    traffic.connectionCount += Number(change);
  };
  app.filter(countConnection);
  return traffic;
}
