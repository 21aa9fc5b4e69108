/**
 * A POST with a JSON body from somebody with a root key: the way that every endpoint shares. Size,
 * schema, credentials, the workspace's quota; the first that refuses decides the answer.
 */
import type { Schema } from '../contract/json-schema.ts';
import { fault, type RequestFault } from '../domain/error-catalogue.ts';
import type { Principal } from '../domain/principal.ts';
import type { BodyBytes } from '../native/engine.ts';
import { jsonContentType } from './answers.ts';
import {
  type Authenticated,
  authenticate,
  isFault,
  missingAuthorization,
  type RootKeyLookup,
} from './authentication.ts';
import { type BodyValidator, createBodyValidator, parseJsonBody } from './body-validator.ts';
import { type Exchange, openExchange, type Route, sendFault, type Traffic } from './exchange.ts';
import { type BodyReaders, readBody } from './request-body.ts';
import { type RequestCounters, takeRequest } from './request-quota.ts';
import type { Routes } from './routes.ts';
import type { HttpRequest, HttpResponse } from './uws.ts';

export type JsonEndpointOptions = {
  routes: Routes;
  traffic: Traffic;
  rootKeys: RootKeyLookup;
  limits: RequestCounters;
  /** Unix ms. */
  clock: () => number;
  /** Monotonic, in ms with fractions. */
  stopwatch: () => number;
  bodyBytesMax: number;
};

export type JsonEndpoint = Omit<Route, 'traffic'> & {
  body: Schema;
  /** A short cut for usual bodies; undefined for others. What it gives needs no checking. */
  quickBody?: (bytes: Buffer) => unknown;
  /**
   * A short cut for the whole request, of any content type; false where it is not to be taken, and
   * then nothing has happened.
   */
  answerQuickly?: ((exchange: Exchange, body: BodyBytes) => boolean) | undefined;
};

export type Admitted = {
  principal: Principal;
  body: unknown;
  /** Whether the body came by the short cut, checked in all its parts. */
  isQuick: boolean;
};
export type Handler = (exchange: Exchange, request: Admitted) => void;

/** Checking a hostile body takes up to 150 ms for each MiB: of a stranger only a small one is. */
const strangersBodyBytesMax = 64 * 1024;

export function addJsonEndpoint(
  options: JsonEndpointOptions,
  endpoint: JsonEndpoint,
  handle: Handler,
): void {
  const { routes, traffic, bodyBytesMax, stopwatch } = options;
  const route: Route = { ...endpoint, traffic };
  const validate = createBodyValidator(endpoint.body);
  const { quickBody, answerQuickly } = endpoint;
  const readers: BodyReaders = {
    bytesMax: bodyBytesMax,
    stopwatch,
    answerQuickly,
    onTooLarge: (exchange) => refuseLargeBody(exchange, bodyBytesMax),
    onBody(exchange, bytes) {
      const admitted = admit(options, exchange, { validate, quickBody, bytes });
      if ('code' in admitted) sendFault(exchange, admitted);
      else handle(exchange, admitted);
    },
  };
  routes.post(endpoint.path, (response, request) => {
    readBody(openExchange(response, request, route), readers);
  });
  routes.any(endpoint.path, refuseMethod);
}

type Received = {
  validate: BodyValidator;
  quickBody: JsonEndpoint['quickBody'];
  bytes: Buffer;
};

/** Schema before credentials; but who has none gets no large body looked at. */
function admit(
  options: JsonEndpointOptions,
  exchange: Exchange,
  received: Received,
): RequestFault | Admitted {
  const { authorization } = exchange;
  if (authorization === '') return missingAuthorization;
  const principal = authenticate(authorization, options.rootKeys, options.clock());
  if (isFault(principal) && received.bytes.length > strangersBodyBytesMax) return principal;
  const read = readChecked(exchange, received);
  if ('code' in read) return read;
  if (isFault(principal)) return principal;
  return overQuota(options, exchange, principal) ?? { principal, ...read };
}

/** Who asks, if the short cut may be taken: with JSON, and without a quota to be counted. */
export function admittedWithoutQuota(
  { rootKeys, clock, stopwatch }: JsonEndpointOptions,
  exchange: Exchange,
): Authenticated | false {
  exchange.receivedAtMs = stopwatch();
  if (exchange.contentType !== jsonContentType || exchange.authorization === '') return false;
  const principal = authenticate(exchange.authorization, rootKeys, clock());
  if (isFault(principal) || principal.workspace.requestsPerMinuteMax !== null) return false;
  return principal;
}

/** By the short cut where there is one. */
function readChecked(
  { path, contentType }: Exchange,
  { validate, quickBody, bytes }: Received,
): RequestFault | Pick<Admitted, 'body' | 'isQuick'> {
  const quick = contentType === jsonContentType ? quickBody?.(bytes) : undefined;
  if (quick !== undefined) return { body: quick, isQuick: true };
  const parsed = parseJsonBody(path, contentType, bytes);
  if (!parsed.ok) return parsed.fault;
  return validate(path, parsed.value) ?? { body: parsed.value, isQuick: false };
}

/** Counts the request, and lets the answer say what is left. */
function overQuota(
  { limits, clock }: JsonEndpointOptions,
  exchange: Exchange,
  { workspace }: Authenticated,
): RequestFault | undefined {
  const quota = takeRequest(limits, workspace, clock());
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
