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

export type Exchange = {
  readonly requestId: string;
  readonly path: string;
  readonly authorization: string;
  readonly contentType: string;
  readonly accept: string;
  readonly forwardedFor: string;
  readonly userAgent: string;
  readonly response: HttpResponse;
  /** Set when the caller has gone away: the response must not be touched any more. */
  isAborted: boolean;
  /** Answer and then close the connection, because it cannot be read any further. */
  isLast: boolean;
  /** What any answer says of the workspace's quota; only where there is one. */
  quotaHeaders?: Headers;
  readonly traffic: Traffic;
};

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

export function openExchange(
  response: HttpResponse,
  request: HttpRequest,
  traffic: Traffic,
): Exchange {
  const exchange: Exchange = {
    requestId: newId('request'),
    path: request.getUrl(),
    authorization: request.getHeader('authorization'),
    contentType: request.getHeader('content-type'),
    accept: request.getHeader('accept'),
    forwardedFor: request.getHeader('x-forwarded-for'),
    userAgent: request.getHeader('user-agent'),
    response,
    isAborted: false,
    isLast: false,
    traffic,
  };
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
export type Headers = readonly (readonly [name: string, value: string])[];

export function sendReply(exchange: Exchange, reply: Reply): void {
  if (exchange.isAborted) return;
  const { response, traffic } = exchange;
  response.cork(() => {
    if (reply.status !== 200) response.writeStatus(statusLine(reply.status));
    response.writeHeader('Content-Type', reply.contentType);
    for (const [name, value] of exchange.quotaHeaders ?? []) response.writeHeader(name, value);
    for (const [name, value] of reply.headers ?? []) response.writeHeader(name, value);
    const isClosing = exchange.isLast || traffic.isDraining;
    // With a length, uWebSockets.js would wait for that body and never see the next request.
    if (reply.isHead) response.endWithoutBody();
    else response.end(reply.body, isClosing);
  });
  traffic.inFlightCount -= 1;
  traffic.onAnswered(reply.status);
}

export function sendJson(exchange: Exchange, body: string): void {
  sendReply(exchange, { status: 200, contentType: jsonContentType, body });
}

export function sendFault(exchange: Exchange, fault: RequestFault): void {
  const { requestId: id, path, accept } = exchange;
  sendReply(exchange, errorAnswer(fault, { id, path, accept }));
}
