import { type Exchange, openExchange, type Traffic } from '../../src/http/exchange.ts';
import type { HttpRequest, HttpResponse } from '../../src/http/uws.ts';

export type RecordedExchange = {
  exchange: Exchange;
  /** The body of the answer; undefined before it. */
  body(): string | undefined;
  /** The caller goes away. */
  abort(): void;
};

/** A request as uWebSockets.js hands it over, from 192.0.2.1, and what becomes of its answer. */
export function recordExchange(headers: Readonly<Record<string, string>> = {}): RecordedExchange {
  let body: string | undefined;
  let abort = () => {};
  const request = {
    getUrl: () => '/v2/keys.verifyKeys',
    getHeader: (name: string) => headers[name] ?? '',
  };
  const response = {
    getRemoteAddressAsText: () => new TextEncoder().encode('192.0.2.1').buffer,
    cork: (write: () => void) => write(),
    writeStatus() {},
    writeHeader() {},
    onAborted(handler: () => void) {
      abort = handler;
    },
    end(text: string) {
      body = text;
    },
  };
  const traffic: Traffic = {
    ...{ isDraining: false, inFlightCount: 0, connectionCount: 1 },
    onAnswered() {},
  };
  const exchange = openExchange(
    response as unknown as HttpResponse,
    request as unknown as HttpRequest,
    { path: '/v2/keys.verifyKeys', isAudited: true, traffic },
  );
  return { exchange, body: () => body, abort: () => abort() };
}
