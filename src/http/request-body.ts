import type { Exchange } from './exchange.ts';

export type BodyReaders = {
  bytesMax: number;
  /** Monotonic, in ms with fractions. */
  stopwatch(): number;
  /** The whole body. Its bytes are only valid during the call. */
  onBody(exchange: Exchange, bytes: Buffer): void;
  /** The body is larger than allowed; the rest of it is not read. */
  onTooLarge(exchange: Exchange): void;
};

/**
 * Collects the body of a request. The usual one arrives in a single chunk and is handed on without
 * a copy; uWebSockets.js takes the chunk's memory back when the handler returns.
 */
export function readBody(exchange: Exchange, readers: BodyReaders): void {
  let chunks: Buffer[] | undefined;
  let sizeBytes = 0;
  exchange.response.onData((chunk, isLast) => {
    if (sizeBytes > readers.bytesMax) return;
    sizeBytes += chunk.byteLength;
    if (sizeBytes <= readers.bytesMax && !isLast) {
      chunks ??= [];
      chunks.push(Buffer.from(new Uint8Array(chunk)));
      return;
    }
    exchange.isInHandler = true;
    if (sizeBytes > readers.bytesMax) {
      chunks = undefined;
      readers.onTooLarge(exchange);
    } else {
      const last = Buffer.from(chunk);
      exchange.receivedAtMs = readers.stopwatch();
      readers.onBody(exchange, chunks ? Buffer.concat([...chunks, last]) : last);
    }
    exchange.isInHandler = false;
  });
  exchange.isInHandler = false;
}
