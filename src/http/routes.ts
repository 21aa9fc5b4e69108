/** Who answers what: kept here for the native door, and told to uWebSockets.js for all the rest. */
import type { HttpRequest, HttpResponse } from './uws.ts';

export type Handler = (response: HttpResponse, request: HttpRequest) => void;

/** A path, or the beginning of one and `/*` behind it. */
export type Routes = {
  get(pattern: string, handler: Handler): unknown;
  post(pattern: string, handler: Handler): unknown;
  any(pattern: string, handler: Handler): unknown;
};

type Handlers = { GET?: Handler; POST?: Handler; any?: Handler };

export class RouteTable implements Routes {
  readonly #paths = new Map<string, Handlers>();
  /** The longest first. */
  readonly #beginnings: { beginning: string; handlers: Handlers }[] = [];

  get(pattern: string, handler: Handler): void {
    this.#at(pattern).GET = handler;
  }

  post(pattern: string, handler: Handler): void {
    this.#at(pattern).POST = handler;
  }

  any(pattern: string, handler: Handler): void {
    this.#at(pattern).any = handler;
  }

  find(method: string, path: string): Handler | undefined {
    const found = handlerOf(this.#paths.get(path), method);
    if (found) return found;
    for (const { beginning, handlers } of this.#beginnings) {
      const handler = path.startsWith(beginning) && handlerOf(handlers, method);
      if (handler) return handler;
    }
    return undefined;
  }

  #at(pattern: string): Handlers {
    if (!pattern.endsWith('/*')) {
      const handlers = this.#paths.get(pattern) ?? {};
      this.#paths.set(pattern, handlers);
      return handlers;
    }
    const beginning = pattern.slice(0, -1);
    const known = this.#beginnings.find((one) => one.beginning === beginning);
    if (known) return known.handlers;
    const handlers: Handlers = {};
    this.#beginnings.push({ beginning, handlers });
    this.#beginnings.sort((one, other) => other.beginning.length - one.beginning.length);
    return handlers;
  }
}

function handlerOf(handlers: Handlers | undefined, method: string): Handler | undefined {
  if (!handlers) return undefined;
  if (method === 'GET') return handlers.GET ?? handlers.any;
  return method === 'POST' ? (handlers.POST ?? handlers.any) : handlers.any;
}

/** Adds each route to all of these. */
export function routesOf(all: readonly Routes[]): Routes {
  const add = (method: keyof Routes) => (pattern: string, handler: Handler) => {
    for (const routes of all) routes[method](pattern, handler);
  };
  return { get: add('get'), post: add('post'), any: add('any') };
}

/**
 * The same for requests that come through a tunnel of the native door: behind the socket of the
 * door, not at it, is whoever asks.
 */
export function tunnelled(routes: Routes): Routes {
  const add = (method: keyof Routes) => (pattern: string, handler: Handler) =>
    routes[method](pattern, (response, request) => {
      const getRemoteAddressAsText = () => shortAddress(response.getProxiedRemoteAddressAsText());
      handler(Object.assign(response, { getRemoteAddressAsText }), request);
    });
  return { get: add('get'), post: add('post'), any: add('any') };
}

/** uWebSockets.js writes an IPv6 address out in full, with all its zeros. */
function shortAddress(text: ArrayBuffer): ArrayBuffer {
  const address = Buffer.from(text).toString('latin1');
  if (!address.includes(':')) return text;
  const { hostname } = new URL(`http://[${address}]`);
  return new Uint8Array(Buffer.from(hostname.slice(1, -1))).buffer;
}
