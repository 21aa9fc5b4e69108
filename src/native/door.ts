/**
 * The door of a worker, in native code: it takes the connections, answers the usual verifications
 * by itself, and hands on the rest, which `src/http/door-server.ts` answers. `native/door.h` says
 * what it is.
 */
import { loadNative } from './native-module.ts';

/** Places in `asked`: numbers, and pieces of the arena, each two numbers: its start and length. */
export const askedAt = {
  slot: 0,
  age: 1,
  method: 2,
  path: 4,
  query: 6,
  body: 8,
  headerCount: 10,
  /** Name and value of each. */
  headers: 11,
} as const;

/** What is called while the door works; none of it may throw. */
export type DoorListener = {
  /** There is a request in `asked` and `arena`, until this returns. */
  onRequest(): void;
  /** Whoever asked has gone; an answer would not be sent. */
  onGone(slot: number, age: number): void;
  /** The engine has an event that its segment did not take. */
  onEvent(): void;
};

type DoorCalls = {
  /** False when it cannot listen there. */
  listen(host: string, port: number): boolean;
  listenUnix(path: string): boolean;
  stopListening(): void;
  /** From now on every answer is the last of its connection. */
  drain(): void;
  /** To be called every second of a monotonic clock: closes what has been silent for ten. */
  sweep(seconds: number): void;
  /** `head` ends with the last header's line. */
  answer(
    ...answer: readonly [
      slot: number,
      age: number,
      head: Uint8Array,
      body: Uint8Array,
      hasLength: boolean,
      isLast: boolean,
    ]
  ): void;
  /** Of whoever asks; empty on a Unix domain socket. */
  address(slot: number, age: number): string;
  /** What these settings of a proxy mean; an empty `keyHeader` is for `Authorization: Bearer`. */
  learnProxy(
    ...proxy: readonly [
      query: Uint8Array,
      keyHeader: Uint8Array,
      apiId: Uint8Array,
      permissions: Uint8Array,
      isOpen: boolean,
    ]
  ): void;
  /** Closes all connections; what is answered later goes nowhere. */
  close(): void;
};

type DoorModule = {
  createDoor(
    ...door: readonly [
      engine: unknown,
      shared: readonly [arena: Uint8Array, asked: Int32Array, status: Int32Array],
      answered: readonly [cells: BigInt64Array, at: number],
      innerPath: string,
      listener: DoorListener,
    ]
  ): DoorCalls;
};

export type Door = DoorCalls & {
  readonly arena: Buffer;
  readonly asked: Int32Array;
  connectionCount(): number;
};

export type DoorOptions = {
  /** That answers; without one everything is handed on. */
  engine: { readonly handle: unknown } | undefined;
  /** Where answers of status 200 are counted. */
  answered: { cells: BigInt64Array; at: number };
  /** Of the Unix domain socket that strange requests are handed on to. */
  innerPath: string;
  listener: DoorListener;
};

/** The largest request that is not handed on. */
const arenaBytes = 256 * 1024;
const askedWords = 256;

export function openDoor({ engine, answered, innerPath, listener }: DoorOptions): Door {
  const native = loadNative<DoorModule>();
  if (!native) throw new Error('there is no native part');
  const shared = {
    arena: Buffer.from(new ArrayBuffer(arenaBytes)),
    asked: new Int32Array(askedWords),
  };
  const status = new Int32Array(1);
  const calls = native.createDoor(
    engine?.handle,
    [shared.arena, shared.asked, status],
    [answered.cells, answered.at],
    innerPath,
    listener,
  );
  return { ...calls, ...shared, connectionCount: () => status[0] as number };
}
