/**
 * One request and its answer. uWebSockets.js allows the request to be read only before the handler
 * returns and the response to be used only while the caller is still there; this is where both
 * rules are kept.
 */

import type { RequestFault } from '../domain/error-catalogue.ts';
import { newId } from '../domain/ids.ts';
import { errorAnswer, jsonContentType } from './answers.ts';
import { statusLine } from './status-line.ts';
import type { HttpRequest, HttpResponse } from './uws.ts';

/** What is known of a request before it comes. */
export type Route = {
  path: string;
  /** Whether the audit log may have to say who called. */
  isAudited?: boolean;
  /** Nothing is read here: the handler reads what it needs. */
  isBare?: boolean;
  /** A header that is read besides the usual ones, in lower case. */
  header?: string;
  traffic: Traffic;
};

/** Each header costs a call into the library (0.2 µs), so only what somebody may need is read. */
export class Exchange {
  /** Made when it is first asked for: the native engine makes its own. */
  #requestId = '';
  readonly path: string;
  readonly authorization: string;
  readonly contentType: string;
  readonly accept: string;
  readonly forwardedFor: string;
  /** Empty unless the route is audited. */
  readonly userAgent: string;
  /** The route's own; empty when absent. */
  readonly header: string;
  readonly response: HttpResponse;
  readonly traffic: Traffic;
  /** When the last byte of the request was there; monotonic, in ms. */
  receivedAtMs = 0;
  /** Set when the caller has gone away: the response must not be touched any more. */
  isAborted = false;
  /** Answer and then close the connection, because it cannot be read any further. */
  isLast = false;
  /** What any answer says of the workspace's quota; only where there is one. */
  quotaHeaders: Headers = noHeaders;

  constructor(response: HttpResponse, request: HttpRequest, route: Route) {
    this.path = route.path;
    const read = (name: string) => (route.isBare ? '' : request.getHeader(name));
    this.authorization = read('authorization');
    this.contentType = read('content-type');
    this.accept = read('accept');
    this.forwardedFor = read('x-forwarded-for');
    this.userAgent = route.isAudited ? request.getHeader('user-agent') : '';
    this.header = route.header === undefined ? '' : request.getHeader(route.header);
    this.response = response;
    this.traffic = route.traffic;
  }

  get requestId(): string {
    if (this.#requestId === '') this.#requestId = newId('request');
    return this.#requestId;
  }
}

/** The requests of one worker, counted. */
export type Traffic = {
  /** Whether every answer is to close its connection. */
  isDraining: boolean;
  /** Requests that have begun and were neither answered nor given up by the caller. */
  inFlightCount: number;
  connectionCount: number;
  /** Called once for each answer that was handed to the kernel. */
  onAnswered(status: number): void;
};

export type Headers = readonly (readonly [name: string, value: string])[];
const noHeaders: Headers = [];

export function openExchange(response: HttpResponse, request: HttpRequest, route: Route): Exchange {
  const exchange = new Exchange(response, request, route);
  const { traffic } = route;
  traffic.inFlightCount += 1;
  response.onAborted(() => {
    exchange.isAborted = true;
    traffic.inFlightCount -= 1;
  });
  return exchange;
}

export type Reply = {
  status: number;
  contentType: string;
  body: string | Uint8Array;
  headers?: Headers;
  /** To a HEAD request: the headers alone, and the connection stays open. */
  isHead?: boolean;
};

export function sendReply(exchange: Exchange, reply: Reply): void {
  if (exchange.isAborted) return;
  exchange.response.cork(() => writeReply(exchange, reply));
}

/** In the handler that brought the last byte: what is written there goes out as one piece. */
export function writeReply(exchange: Exchange, reply: Reply): void {
  const { response, quotaHeaders, traffic } = exchange;
  if (reply.status !== 200) response.writeStatus(statusLine(reply.status));
  response.writeHeader('Content-Type', reply.contentType);
  if (quotaHeaders.length > 0) writeHeaders(response, quotaHeaders);
  if (reply.headers && reply.headers.length > 0) writeHeaders(response, reply.headers);
  // With a length, uWebSockets.js would wait for that body and never see the next request.
  if (reply.isHead) response.endWithoutBody();
  else response.end(reply.body, exchange.isLast || traffic.isDraining);
  traffic.inFlightCount -= 1;
  traffic.onAnswered(reply.status);
}

/** All in one call: each would cost two strings and a way through the library. */
function writeHeaders(response: HttpResponse, headers: Headers): void {
  const [first] = headers;
  if (!first) return;
  let value = first[1];
  for (let index = 1; index < headers.length; index += 1) {
    const header = headers[index] as Headers[number];
    value += `\r\n${header[0]}: ${header[1]}`;
  }
  response.writeHeader(first[0], value);
}

export function sendJson(exchange: Exchange, body: string): void {
  sendReply(exchange, { status: 200, contentType: jsonContentType, body });
}

export function sendFault(exchange: Exchange, fault: RequestFault): void {
  const { requestId: id, path, accept } = exchange;
  sendReply(exchange, errorAnswer(fault, { id, path, accept }));
}
