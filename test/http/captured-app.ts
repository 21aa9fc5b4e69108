/** An application whose handlers are called without a socket, and what they answer. */
import assert from 'node:assert/strict';
import type { Handler, Routes } from '../../src/http/routes.ts';
import type { HttpRequest, HttpResponse } from '../../src/http/uws.ts';

export type Asked = {
  path: string;
  authorization: string;
  contentType: string;
  body: Uint8Array;
  /** Whether the body comes in two pieces. */
  isSplit: boolean;
};

/** The id of the request stands at the same place in every body; `rest` is what follows it. */
export type Answered = { head: string[]; requestId: string; rest: Buffer };

const idStart = '{"meta":{"requestId":"';
const idLength = 'req_'.length + 9;

export class CapturedApp {
  readonly #handlers = new Map<string, Handler>();

  get routes(): Routes {
    return {
      post: (path, handler) => this.#handlers.set(path, handler),
      get() {},
      any() {},
    };
  }

  /** The bytes of the body are gone as soon as the handler has returned, as in the library. */
  ask(asked: Asked): Promise<Answered> {
    const headers = { authorization: asked.authorization, 'content-type': asked.contentType };
    const head: string[] = [];
    const { promise, resolve } = Promise.withResolvers<Answered>();
    let takeChunk: (chunk: ArrayBuffer, isLast: boolean) => void = () => {};
    const request = {
      getUrl: () => asked.path,
      getMethod: () => 'post',
      getHeader: (name: string) => headers[name as keyof typeof headers] ?? '',
    };
    const response = {
      getRemoteAddressAsText: () => new TextEncoder().encode('192.0.2.1').buffer,
      cork: (write: () => void) => write(),
      writeStatus: (status: string) => head.push(status),
      writeHeader: (name: string, value: string) => head.push(`${name}: ${value}`),
      onAborted() {},
      onData(handler: typeof takeChunk) {
        takeChunk = handler;
      },
      end: (body: string | Uint8Array) => resolve(answerOf(head, body)),
    };
    const handler = this.#handlers.get(asked.path) as Handler;
    handler(response as unknown as HttpResponse, request as unknown as HttpRequest);
    const { body } = asked;
    const middle = body.length >> 1;
    const parts = asked.isSplit ? [body.subarray(0, middle), body.subarray(middle)] : [body];
    for (const [index, part] of parts.entries()) {
      const piece = new Uint8Array(part);
      takeChunk(piece.buffer, index === parts.length - 1);
      piece.fill(0xff);
    }
    return promise;
  }
}

/** Copies the body at once: it may be good until the next call only. */
function answerOf(head: string[], body: string | Uint8Array): Answered {
  const bytes = Buffer.from(body);
  const idEnd = idStart.length + idLength;
  assert.equal(bytes.toString('latin1', 0, idStart.length), idStart);
  const requestId = bytes.toString('latin1', idStart.length, idEnd);
  return { head, requestId, rest: bytes.subarray(idEnd) };
}
