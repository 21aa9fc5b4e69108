/**
 * uWebSockets.js is a native library, published as two builds: the newer one for Node 22, 24 and 26
 * needs glibc 2.38, the older one for Node up to 23 runs from glibc 2.27 on. Both are installed
 * under names of their own; the newer is taken where it loads.
 */
import { createRequire } from 'node:module';
import type * as uws from 'uws-glibc-2.38';
import type { BodyBytes } from '../native/engine.ts';

export type HttpApp = uws.TemplatedApp;
/** What is used of a request; names of headers are in lower case. */
export type HttpRequest = {
  getMethod(): string;
  getUrl(): string;
  getQuery(): string | undefined;
  getHeader(name: string): string;
};
/** What is used of a response. */
export type HttpResponse = {
  onAborted(handler: () => void): unknown;
  /** The bytes are good until the handler returns. */
  onData(handler: (chunk: BodyBytes, isLast: boolean) => void): unknown;
  cork(write: () => void): unknown;
  writeStatus(status: string): HttpResponse;
  writeHeader(name: string, value: string | Uint8Array): HttpResponse;
  end(body?: string | Uint8Array, closesConnection?: boolean): unknown;
  endWithoutBody(): unknown;
  getRemoteAddressAsText(): ArrayBuffer;
  /** As the PROXY protocol tells it. */
  getProxiedRemoteAddressAsText(): ArrayBuffer;
};
export type ListenSocket = uws.us_listen_socket;

const require = createRequire(import.meta.url);

function load(): typeof uws {
  try {
    return require('uws-glibc-2.38');
  } catch {
    return require('uws-glibc-2.27');
  }
}

const library = load();

export function createHttpApp(): HttpApp {
  return library.App();
}

export function closeListenSocket(socket: ListenSocket): void {
  library.us_listen_socket_close(socket);
}
