import type { BodyBytes } from '../native/engine.ts';
import type { Exchange } from './exchange.ts';

export type BodyReaders = {
  bytesMax: number;
  /** Monotonic, in ms with fractions. */
  stopwatch(): number;
  /**
   * A body that came in one piece, before anything else is done with it: whether it was answered.
   * Its bytes are only valid during the call.
   */
  answerQuickly?: ((exchange: Exchange, body: BodyBytes) => boolean) | undefined;
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
    const isWhole = isLast && sizeBytes === 0 && chunk.byteLength <= readers.bytesMax;
    if (isWhole && readers.answerQuickly?.(exchange, chunk)) return;
    sizeBytes += chunk.byteLength;
    if (sizeBytes <= readers.bytesMax && !isLast) {
      chunks ??= [];
      chunks.push(copyOf(chunk));
      return;
    }
    if (sizeBytes > readers.bytesMax) {
      chunks = undefined;
      readers.onTooLarge(exchange);
      return;
    }
    exchange.receivedAtMs = readers.stopwatch();
    const last = viewOf(chunk);
    readers.onBody(exchange, chunks ? Buffer.concat([...chunks, last]) : last);
  });
}

/** The same bytes, not a copy. */
export function viewOf(bytes: BodyBytes): Buffer {
  if (bytes instanceof ArrayBuffer) return Buffer.from(bytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function copyOf(bytes: BodyBytes): Buffer {
  return Buffer.from(viewOf(bytes));
}
