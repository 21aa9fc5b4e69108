/**
 * The public API of one worker. Each request goes the same way: size, schema, credentials, handler;
 * the first that refuses decides the answer. A verification is answered before its handler returns;
 * a management call waits for Postgres and, if it changed something, for this node's replica.
 */
import type { Schema } from '../contract/json-schema.ts';
import { type VerifyKeyBody, verifyKeyBody } from '../contract/verify-key.ts';
import { fault, type RequestFault } from '../domain/error-catalogue.ts';
import type { Principal } from '../domain/principal.ts';
import type { VerificationEvent } from '../domain/verification-event.ts';
import type { KeyLookup } from '../verify/ports.ts';
import { verifyKey } from '../verify/verify-key.ts';
import { answer, answerOfJson, jsonContentType } from './answers.ts';
import {
  authenticate,
  isFault,
  missingAuthorization,
  type RootKeyLookup,
} from './authentication.ts';
import { type BodyValidator, createBodyValidator, parseJsonBody } from './body-validator.ts';
import {
  type Exchange,
  openExchange,
  sendFault,
  sendJson,
  sendReply,
  type Traffic,
} from './exchange.ts';
import { readBody } from './request-body.ts';
import { createHttpApp, type HttpApp, type HttpRequest, type HttpResponse } from './uws.ts';
import { toVerificationEvent } from './verification-record.ts';
import { verifyResultJson } from './verify-answer.ts';

export type ManagementOutcome = { ok: true; result: object } | { ok: false; fault: RequestFault };

/** A management call: what it is called, what its body must be, and what it does. */
export type ManagementCall = {
  /** `apis.createApi`: the path is `/v2/` and this. */
  name: string;
  body: Schema;
  /** A change is answered after this node's replica has it. */
  isChange: boolean;
  /** Never rejects. */
  run(caller: Principal & { requestId: string }, body: unknown): Promise<ManagementOutcome>;
};

export type ApiServerPorts = {
  lookup: KeyLookup & Pick<RootKeyLookup, 'rootKeyByHash'>;
  calls: readonly ManagementCall[];
  /** Resolves true when this node's replica has what was committed before; false when it is late. */
  awaitApplied(): Promise<boolean>;
  record(event: VerificationEvent): void;
  onAnswered(status: number): void;
  /** Unix ms. */
  clock: () => number;
  /** Monotonic, in ms with fractions. */
  stopwatch: () => number;
  bodyBytesMax: number;
};

export type ApiServer = {
  app: HttpApp;
  traffic: Traffic;
};

export function createApiServer(ports: ApiServerPorts): ApiServer {
  const app = createHttpApp();
  const traffic = openTraffic(app, ports.onAnswered);
  const rootKeys: RootKeyLookup = {
    rootKeyByHash: ports.lookup.rootKeyByHash,
    workspace: (workspaceId) => ports.lookup.find('workspace', workspaceId),
  };

  type Admitted = { principal: Principal; body: unknown };
  type Handler = (exchange: Exchange, request: Admitted) => void;

  /** A POST with a JSON body from somebody with a root key. */
  function post(path: string, validate: BodyValidator, handle: Handler): void {
    app.post(path, (response, request) => {
      const exchange = openExchange(response, request, traffic);
      readBody(response, {
        bytesMax: ports.bodyBytesMax,
        onTooLarge: () => refuseLargeBody(exchange, ports.bodyBytesMax),
        onBody(bytes) {
          const accepted = admit(exchange, validate, bytes);
          if ('code' in accepted) sendFault(exchange, accepted);
          else handle(exchange, accepted);
        },
      });
    });
    app.any(path, refuseMethod);
  }

  /** Schema first, then credentials; but who has none gets no large body looked at. */
  function admit(
    exchange: Exchange,
    validate: BodyValidator,
    bytes: Buffer,
  ): RequestFault | Admitted {
    const { path, contentType, authorization } = exchange;
    if (authorization === '') return missingAuthorization;
    const principal = authenticate(authorization, rootKeys, ports.clock());
    if (isFault(principal) && bytes.length > strangersBodyBytesMax) return principal;
    const parsed = parseJsonBody(path, contentType, bytes);
    if (!parsed.ok) return parsed.fault;
    const violation = validate(path, parsed.value);
    if (violation) return violation;
    return isFault(principal) ? principal : { principal, body: parsed.value };
  }

  function verify(exchange: Exchange, { principal, body }: Admitted): void {
    const startedAt = ports.stopwatch();
    const request = body as VerifyKeyBody;
    const nowMs = ports.clock();
    const verdict = verifyKey(principal, request, { lookup: ports.lookup, nowMs });
    ports.record(
      toVerificationEvent(verdict, {
        requestId: exchange.requestId,
        workspaceId: principal.workspaceId,
        tags: request.tags,
        timeMs: nowMs,
        latencyUs: Math.round((ports.stopwatch() - startedAt) * 1000),
      }),
    );
    sendJson(exchange, answerOfJson(exchange.requestId, verifyResultJson(verdict)));
  }

  async function manage(call: ManagementCall, exchange: Exchange, request: Admitted) {
    const caller = { ...request.principal, requestId: exchange.requestId };
    const outcome = await call.run(caller, request.body);
    if (!outcome.ok) return sendFault(exchange, outcome.fault);
    const isApplied = !call.isChange || (await ports.awaitApplied());
    sendReply(exchange, {
      status: 200,
      contentType: jsonContentType,
      body: answer(exchange.requestId, outcome.result),
      headers: isApplied ? [] : [replicationPending],
    });
  }

  app.get('/v2/liveness', (response, request) => {
    const exchange = openExchange(response, request, traffic);
    sendJson(exchange, answer(exchange.requestId, { message: 'alive' }));
  });
  app.any('/v2/liveness', refuseMethod);
  post('/v2/keys.verifyKey', createBodyValidator(verifyKeyBody), verify);
  for (const call of ports.calls) {
    const validate = createBodyValidator(call.body);
    post(`/v2/${call.name}`, validate, (exchange, request) => void manage(call, exchange, request));
  }
  app.any('/*', (response) => {
    response.writeStatus('404 Not Found').end('404 page not found\n');
  });
  return { app, traffic };
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

/** Checking a hostile body takes up to 150 ms for each MiB: of a stranger only a small one is. */
const strangersBodyBytesMax = 64 * 1024;

/** Past the bounded wait the change is made, but this node may still answer as before it. */
const replicationPending = ['X-Latchkey-Replication', 'pending'] as const;

function refuseMethod(response: HttpResponse, _request: HttpRequest): void {
  response.writeStatus('405 Method Not Allowed').end('405 method not allowed\n');
}

function refuseLargeBody(exchange: Exchange, bytesMax: number): void {
  // What is still on its way is not read, so the connection cannot be used again.
  exchange.isLast = true;
  const detail = `The request body is larger than ${bytesMax} bytes.`;
  sendFault(exchange, fault('user/bad_request/request_body_too_large', detail));
}
