/**
 * A POST with a JSON body from somebody with a root key: the way that every endpoint shares. Size,
 * schema, credentials, the workspace's quota; the first that refuses decides the answer.
 */
import type { Schema } from '../contract/json-schema.ts';
import { fault, type RequestFault } from '../domain/error-catalogue.ts';
import type { Principal } from '../domain/principal.ts';
import {
  authenticate,
  isFault,
  missingAuthorization,
  type RootKeyLookup,
} from './authentication.ts';
import { type BodyValidator, createBodyValidator, parseJsonBody } from './body-validator.ts';
import { type Exchange, openExchange, sendFault, type Traffic } from './exchange.ts';
import { readBody } from './request-body.ts';
import { type RequestCounters, takeRequest } from './request-quota.ts';
import type { HttpApp, HttpRequest, HttpResponse } from './uws.ts';

export type JsonEndpointOptions = {
  app: HttpApp;
  traffic: Traffic;
  rootKeys: RootKeyLookup;
  limits: RequestCounters;
  /** Unix ms. */
  clock: () => number;
  bodyBytesMax: number;
};

export type JsonEndpoint = {
  path: string;
  body: Schema;
  /** A header of the request that this endpoint reads besides the usual ones, in lower case. */
  header?: string;
};

export type Admitted = {
  principal: Principal;
  body: unknown;
  /** Of an endpoint that reads a header of its own; empty when absent. */
  header?: string;
};
export type Handler = (exchange: Exchange, request: Admitted) => void;

/** Checking a hostile body takes up to 150 ms for each MiB: of a stranger only a small one is. */
const strangersBodyBytesMax = 64 * 1024;

export function addJsonEndpoint(
  options: JsonEndpointOptions,
  { path, body, header: headerName = '' }: JsonEndpoint,
  handle: Handler,
): void {
  const { app, traffic, bodyBytesMax } = options;
  const validate = createBodyValidator(body);
  app.post(path, (response, request) => {
    const exchange = openExchange(response, request, traffic);
    const header = headerName === '' ? '' : request.getHeader(headerName);
    readBody(response, {
      bytesMax: bodyBytesMax,
      onTooLarge: () => refuseLargeBody(exchange, bodyBytesMax),
      onBody(bytes) {
        const admitted = admit(options, exchange, { validate, bytes, header });
        if ('code' in admitted) sendFault(exchange, admitted);
        else handle(exchange, admitted);
      },
    });
  });
  app.any(path, refuseMethod);
}

type Received = { validate: BodyValidator; bytes: Buffer; header: string };

/** Schema before credentials; but who has none gets no large body looked at. */
function admit(
  options: JsonEndpointOptions,
  exchange: Exchange,
  { validate, bytes, header }: Received,
): RequestFault | Admitted {
  const { path, contentType, authorization } = exchange;
  if (authorization === '') return missingAuthorization;
  const principal = authenticate(authorization, options.rootKeys, options.clock());
  if (isFault(principal) && bytes.length > strangersBodyBytesMax) return principal;
  const parsed = parseJsonBody(path, contentType, bytes);
  if (!parsed.ok) return parsed.fault;
  const violation = validate(path, parsed.value);
  if (violation) return violation;
  if (isFault(principal)) return principal;
  return overQuota(options, exchange, principal) ?? { principal, body: parsed.value, header };
}

/** Counts the request, and lets the answer say what is left. */
function overQuota(
  { rootKeys, limits, clock }: JsonEndpointOptions,
  exchange: Exchange,
  { workspaceId }: Principal,
): RequestFault | undefined {
  const workspace = rootKeys.workspace(workspaceId);
  const quota = workspace && takeRequest(limits, workspace, clock());
  if (quota) exchange.quotaHeaders = quota.headers;
  return quota?.refusal;
}

function refuseLargeBody(exchange: Exchange, bytesMax: number): void {
  // What is still on its way is not read, so the connection cannot be used again.
  exchange.isLast = true;
  const detail = `The request body is larger than ${bytesMax} bytes.`;
  sendFault(exchange, fault('user/bad_request/request_body_too_large', detail));
}

export function refuseMethod(response: HttpResponse, request: HttpRequest): void {
  sendPlain(response, request, '405 Method Not Allowed');
}

export function refusePath(response: HttpResponse, request: HttpRequest): void {
  sendPlain(response, request, '404 Not Found');
}

/** An answer to HEAD has no body: one would be taken for the beginning of the next answer. */
function sendPlain(response: HttpResponse, request: HttpRequest, status: string): void {
  const isHead = request.getMethod() === 'head';
  response.writeStatus(status).end(isHead ? '' : `${status}\n`);
}
