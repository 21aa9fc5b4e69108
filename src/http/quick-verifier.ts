/**
 * Verifications that the native engine answers, from body to bytes. It answers none that TypeScript
 * would answer otherwise; for any that it declines nothing has happened yet.
 */
import { type BodyBytes, type Engine, refusals, statusAt } from '../native/engine.ts';
import type { OriginalRequest } from './original-request.ts';
import type { QuickTeacher } from './quick-teacher.ts';

/** An event that could not be put into the spool's segment, in the first bytes of `words`. */
export type PackedEvent = { words: Uint32Array; startWord: number; byteLength: number };

export type QuickAsked = { body: BodyBytes; authorization: string; nowMs: number };

/** What a proxy asks for, request by request. */
export type ProxyTerms = {
  apiId: string;
  /** Whether that API needs no root key. */
  isOpen: boolean;
  /** Empty without a query. */
  permissions: string;
};

export type ProxyAsked = {
  /** The same object as before, as long as the same is asked for. */
  terms: ProxyTerms;
  rootKey: string;
  key: string;
  original: OriginalRequest;
  nowMs: number;
};

export type ProxyAnswer = {
  /** The value of Content-Type, and all headers behind it. */
  headers: Uint8Array;
  body: Uint8Array;
};

/** How often one request may teach: a root key, traits, their visibility, a query, and again. */
const lessonsMax = 8;

export class QuickVerifier {
  readonly #engine: Engine;
  readonly #teacher: QuickTeacher;
  readonly #spool: (event: PackedEvent) => void;
  /** Of what the engine has written. */
  readonly #starts: Starts;
  readonly #bodies: Starts;
  /** What the engine was told last. */
  #terms: ProxyTerms | undefined;

  /** `spool` takes an event where there is no segment, or no room in it; its bytes are borrowed. */
  constructor(engine: Engine, teacher: QuickTeacher, spool: (event: PackedEvent) => void) {
    this.#engine = engine;
    this.#teacher = teacher;
    this.#spool = spool;
    this.#starts = new Starts(engine.out);
    this.#bodies = new Starts(engine.text);
  }

  /** The answer to `keys.verifyKey`, good until the next call; undefined where there is none. */
  verify({ body, authorization, nowMs }: QuickAsked): Uint8Array | undefined {
    for (let lessons = 0; lessons <= lessonsMax; lessons += 1) {
      const answered = this.#engine.verify(body, authorization, nowMs);
      if (answered > 0) {
        this.takeEvent();
        return this.#starts.of(answered);
      }
      if (!this.#teacher.teach(answered, authorization, nowMs)) return undefined;
    }
    return undefined;
  }

  /** Headers and body of the answer to a proxy that may pass on; good until the next call. */
  verifyProxy({ terms, rootKey, key, original, nowMs }: ProxyAsked): ProxyAnswer | undefined {
    const { apiId, isOpen, permissions } = terms;
    const { method, path, clientAddress } = original;
    const engine = this.#engine;
    if (terms !== this.#terms) {
      engine.useProxy(apiId, permissions, isOpen);
      this.#terms = terms;
    }
    for (let lessons = 0; lessons <= lessonsMax; lessons += 1) {
      const answered = engine.verifyProxy(rootKey, key, method, path, clientAddress, nowMs);
      if (answered > 0) {
        this.takeEvent();
        return { headers: this.#starts.of(answered), body: this.#bodies.of(this.#bodyBytes()) };
      }
      if (!this.#teacher.teach(answered, { rootKey, apiId, isOpen }, nowMs)) return undefined;
    }
    return undefined;
  }

  /** Whether `verifyMany` can read this body. */
  canRead(body: BodyBytes): boolean {
    return this.#engine.count(body) > 0;
  }

  /**
   * The bytes of `piece` between two short texts: in place where it is still where it was written,
   * and good until the next call then.
   */
  framed(before: string, piece: Uint8Array, behind: string): Uint8Array {
    const { out, outFrame } = this.#engine;
    if (piece.buffer !== out.buffer) {
      return Buffer.concat([Buffer.from(before), piece, Buffer.from(behind)]);
    }
    const start = piece.byteOffset - before.length;
    const end = piece.byteOffset + piece.byteLength;
    outFrame.write(before, start, 'latin1');
    outFrame.write(behind, end, 'latin1');
    return outFrame.subarray(start, end + behind.length);
  }

  /**
   * The answers to a list that can be read, with commas between them, in pieces. `decide` answers
   * the questions that the engine declines, by where they begin in the body; it returns the answer,
   * now or later, and where the next question begins.
   */
  verifyMany(asked: QuickAsked, requestId: string, decide: DecideAt): Piece[] {
    const { body, authorization, nowMs } = asked;
    const { status, out } = this.#engine;
    const pieces: Piece[] = [];
    let at = 0;
    for (let lessons = 0; at < body.byteLength; ) {
      const answered = this.#engine.verifyMany(body, at, authorization, requestId, nowMs);
      if (answered > 0) {
        const isWhole = status[statusAt.refusal] === 0;
        const piece = out.subarray(0, answered);
        // A single piece stays where it is; of several, the next one takes its place.
        pieces.push(isWhole && pieces.length === 0 ? piece : Buffer.from(piece));
        lessons = 0;
      }
      this.takeEvent();
      at = status[statusAt.bodyAt] as number;
      const refusal = status[statusAt.refusal] as number;
      const isResumed = refusal === refusals.eventWaits || (refusal === refusals.full && answered);
      if (refusal === 0 || isResumed) continue;
      lessons += 1;
      if (lessons <= lessonsMax && this.#teacher.teach(refusal, authorization, nowMs)) continue;
      const decided = decide(at);
      pieces.push(decided.piece);
      at = decided.end;
      lessons = 0;
    }
    return pieces;
  }

  #bodyBytes(): number {
    return this.#engine.status[statusAt.bodyBytes] as number;
  }

  /** Where the engine's segment did not take its last event. */
  takeEvent(): void {
    const { status, event } = this.#engine;
    const byteLength = status[statusAt.eventBytes] as number;
    if (byteLength > 0) this.#spool({ words: event, startWord: 0, byteLength });
  }
}

const keptViewBytesMax = 4096;

/** Views on the start of some bytes. Making one takes 0.3 µs, and answers have few lengths. */
class Starts {
  readonly #bytes: Uint8Array;
  readonly #kept: (Uint8Array | undefined)[] = new Array(keptViewBytesMax).fill(undefined);

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  of(byteLength: number): Uint8Array {
    let view = this.#kept[byteLength];
    if (view === undefined) {
      view = this.#bytes.subarray(0, byteLength);
      if (byteLength < keptViewBytesMax) this.#kept[byteLength] = view;
    }
    return view;
  }
}

export type Piece = Uint8Array | Promise<Uint8Array>;
export type DecideAt = (at: number) => { piece: Piece; end: number };
