import type { Exchange } from './exchange.ts';

export type BodyReaders = {
  bytesMax: number;
  /** Monotonic, in ms with fractions. */
  stopwatch(): number;
  /**
   * A body that came in one piece, before anything else is done with it: whether it was answered.
   * Its bytes are only valid during the call.
   */
  answerQuickly?: ((exchange: Exchange, body: ArrayBuffer) => boolean) | undefined;
  /** The whole body. Its bytes are only valid during the call. */
  onBody(exchange: Exchange, bytes: Buffer): void;
  /** The body is larger than allowed; the rest of it is not read. */
  onTooLarge(exchange: Exchange): void;
};

/** A larger body is decided at once: so none is copied, and they do not pile up. */
const waitingBytesMax = 16 * 1024;

/**
 * Collects the body of a request. uWebSockets.js takes the memory of a chunk back when the handler
 * returns, so what waits for the end of the turn is copied.
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
      chunks.push(Buffer.from(new Uint8Array(chunk)));
      return;
    }
    if (sizeBytes > readers.bytesMax) {
      chunks = undefined;
      readers.onTooLarge(exchange);
      return;
    }
    exchange.receivedAtMs = readers.stopwatch();
    const last = Buffer.from(chunk);
    const bytes = chunks ? Buffer.concat([...chunks, last]) : last;
    if (sizeBytes > waitingBytesMax) {
      readers.onBody(exchange, bytes);
      return;
    }
    const { turn } = exchange.traffic;
    const kept = turn.isCrowded && !chunks ? Buffer.from(bytes) : bytes;
    turn.decide(exchange, () => readers.onBody(exchange, kept));
  });
}
