/**
 * The native part of a worker: the usual verification from the body of its request to the bytes of
 * its answer, with its limits counted and its event spooled, in memory that it shares with the
 * TypeScript which decides all the rest. `native/engine.h` says what it is; it is built when the
 * dependencies are installed, if there is a C compiler. Nothing depends on it: what it answers,
 * TypeScript would answer alike, in several times the time.
 */
import { loadNative } from './native-module.ts';

/** Why nothing was decided, and nothing counted: the engine answers with such a number below 0. */
export const refusals = {
  /** To be decided in TypeScript. */
  unusual: -1,
  /** The replica has changed. */
  stale: -2,
  unknownRootKey: -3,
  unknownTraits: -4,
  unknownVisibility: -5,
  unknownQuery: -6,
  /** No room for another answer: those before it have to be taken first. */
  full: -7,
  /** Answered; but the event has to be taken before the next question. */
  eventWaits: -8,
} as const;

/** Places in `status`. */
export const statusAt = {
  /** Whom and what an unknown visibility or query is about, by number. */
  rootKey: 0,
  traits: 1,
  /** The unknown traits or query: so many bytes of `text`. */
  textBytes: 2,
  /** Of an event that the segment did not take: so many bytes of `event`; else 0. */
  eventBytes: 3,
  /** Of a list: where the first question begins that was not answered, and why it was not, or 0. */
  bodyAt: 4,
  refusal: 5,
  /** Of an answer to a proxy, how many bytes its body has, which stands in `text`. */
  bodyBytes: 6,
} as const;

/** One limit of the traits: which of the record's it is, its terms, and its part of the answer. */
export type LearnedLimit = readonly [
  place: number,
  limit: number,
  durationMs: number,
  name: Uint8Array,
  json: Uint8Array,
  headerName: Uint8Array,
];

/** Texts as bytes. Without a meaning, keys with these traits are decided in TypeScript. */
export type TraitsMeaning = readonly [
  workspaceId: Uint8Array,
  keyspaceId: Uint8Array,
  rightsJson: Uint8Array,
  limits: readonly LearnedLimit[],
  /** Undefined where they do not fit. */
  permissionsHeader: Uint8Array | undefined,
];

/** Of a request. */
export type BodyBytes = ArrayBuffer | Uint8Array;

export type EngineCalls = {
  /** By which the native door knows it. */
  readonly handle: unknown;
  /** The length of the answer in `out`, or a refusal. */
  verify(body: BodyBytes, authorization: string, nowMs: number): number;
  /** The number of questions in a list; 0 for a list that is not usual. */
  count(body: BodyBytes): number;
  /** From the question at `bodyAt` on: the length of the answers in `out`, commas between. */
  verifyMany(
    ...list: readonly [
      body: BodyBytes,
      bodyAt: number,
      authorization: string,
      requestId: string,
      nowMs: number,
    ]
  ): number;
  /** What `verifyProxy` is about from now on; `permissions` is empty without a query. */
  useProxy(apiId: string, permissions: string, isOpen: boolean): void;
  /** The length of the headers in `out` that answer for a key that is good, or a refusal. */
  verifyProxy(
    ...question: readonly [
      rootKey: string,
      key: string,
      method: string,
      path: string,
      clientAddress: string,
      nowMs: number,
    ]
  ): number;
  /** Until it is called again, pages of this state must be kept. */
  useReplica(file?: ArrayBuffer, keysRoot?: number, identitiesRoot?: number, seen?: number): void;
  useSegment(words?: Uint32Array): void;
  /** What was learned follows from documents: to be called when one of them has changed. */
  forget(): void;
  /** Each gives the number of what was learned, or -1 when there is no room until `forget`. */
  learnRootKey(
    ...rootKey: readonly [
      token: Uint8Array,
      /** That it is confined to; empty where it is not. */
      apiId: Uint8Array,
      /** Whether that API needs none: the token is not looked at. */
      isOpen: boolean,
      workspaceId: Uint8Array,
      expiresAtMs: number,
    ]
  ): number;
  learnTraits(text: Uint8Array, ...meaning: TraitsMeaning | []): number;
  /** False when there is no room. */
  learnVisibility(rootKey: number, traits: number, isVisible: boolean): boolean;
  learnQuery(traits: number, query: Uint8Array, isSatisfied: boolean): boolean;
  /** After this nothing of it may be called. */
  close(): void;
};

type EngineModule = {
  createEngine(
    shared: readonly [
      out: Uint8Array,
      text: Uint8Array,
      status: Int32Array,
      event: Uint32Array,
      generation: Int32Array,
    ],
    counters: readonly [
      cells: BigInt64Array,
      outcomeAt: Int32Array,
      latencyBoundsUs: Int32Array,
      latencyAt: Int32Array,
      latencySumAt: number,
      decidedAt: number,
    ],
    windows: readonly [table: ArrayBuffer, seat: number],
    bounds: readonly [keyLength: number, permissionsLength: number, verifications: number],
  ): EngineCalls;
};

export type EngineOptions = {
  /** The number that is raised with every change of the replica. */
  generation: Int32Array;
  counters: {
    cells: BigInt64Array;
    /** By the number of the outcome. */
    outcomeAt: Int32Array;
    latencyBoundsUs: Int32Array;
    /** One more than there are bounds. */
    latencyAt: Int32Array;
    latencySumAt: number;
    /** Where it counts what it has decided. */
    decidedAt: number;
  };
  windows: { buffer: ArrayBuffer; seat: number };
  bounds: { keyLengthMax: number; permissionsLengthMax: number; verificationsMax: number };
};

/** What the engine writes, and TypeScript reads before it calls again. */
export type Engine = EngineCalls & {
  readonly out: Uint8Array;
  /** The memory that `out` is in the middle of: there is room around it. */
  readonly outFrame: Buffer;
  readonly text: Buffer;
  readonly status: Int32Array;
  readonly event: Uint32Array;
};

const outBytes = 256 * 1024;
/** Before `out`, and behind it. */
const frameBytes = 64;
const textBytes = 16 * 1024;
const eventWords = 1024;
/** Undefined where it cannot be loaded. */
export function createEngine(options: EngineOptions): Engine | undefined {
  const native = loadNative<EngineModule>();
  if (!native) return undefined;
  const { generation, counters, windows, bounds } = options;
  const outFrame = Buffer.from(new ArrayBuffer(outBytes + 2 * frameBytes));
  const shared = {
    outFrame,
    out: new Uint8Array(outFrame.buffer, frameBytes, outBytes),
    text: Buffer.alloc(textBytes),
    status: new Int32Array(new ArrayBuffer(4096)),
    event: new Uint32Array(eventWords),
  };
  const calls = native.createEngine(
    [shared.out, shared.text, shared.status, shared.event, generation],
    [
      counters.cells,
      counters.outcomeAt,
      counters.latencyBoundsUs,
      counters.latencyAt,
      counters.latencySumAt,
      counters.decidedAt,
    ],
    [windows.buffer, windows.seat],
    [bounds.keyLengthMax, bounds.permissionsLengthMax, bounds.verificationsMax],
  );
  return { ...calls, ...shared };
}
