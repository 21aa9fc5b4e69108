import type { HttpResponse } from './uws.ts';

export type BodyReaders = {
  bytesMax: number;
  /** The whole body. Its bytes are only valid during the call. */
  onBody(bytes: Buffer): void;
  /** The body is larger than allowed; the rest of it is not read. */
  onTooLarge(): void;
};

/**
 * Collects the body of a request. The usual one arrives in a single chunk and is handed on without
 * a copy; uWebSockets.js takes the chunk's memory back when the handler returns.
 */
export function readBody(response: HttpResponse, { bytesMax, onBody, onTooLarge }: BodyReaders) {
  let chunks: Buffer[] | undefined;
  let sizeBytes = 0;
  let isDone = false;
  response.onData((chunk, isLast) => {
    if (isDone) return;
    sizeBytes += chunk.byteLength;
    if (sizeBytes > bytesMax) {
      isDone = true;
      chunks = undefined;
      onTooLarge();
    } else if (isLast) {
      isDone = true;
      const last = Buffer.from(chunk);
      onBody(chunks ? Buffer.concat([...chunks, last]) : last);
    } else {
      chunks ??= [];
      chunks.push(Buffer.from(new Uint8Array(chunk)));
    }
  });
}
