/**
 * Answers what the native door hands on, with the handlers that uWebSockets.js has: they get a
 * request and a response that behave alike. Such a request is there as a whole, so its body comes
 * in one piece, at once.
 */
import { askedAt, type Door, type DoorListener } from '../native/door.ts';
import type { BodyBytes } from '../native/engine.ts';
import type { RouteTable } from './routes.ts';
import type { HttpRequest, HttpResponse } from './uws.ts';

const noBytes = Buffer.alloc(0);

export class DoorServer implements DoorListener {
  readonly #table: RouteTable;
  readonly #takeEvent: () => void;
  #door: Door | undefined;
  /** Requests that wait for their answer, by the age of their connection. */
  readonly #waiting = new Map<number, DoorResponse>();

  /** `takeEvent` is called when the engine has an event that has to be taken. */
  constructor(table: RouteTable, takeEvent: () => void) {
    this.#table = table;
    this.#takeEvent = takeEvent;
  }

  /** To be called before the door takes a connection. */
  serve(door: Door): void {
    this.#door = door;
  }

  onRequest(): void {
    const door = this.#door as Door;
    const { asked } = door;
    const request = new DoorRequest(door);
    const age = asked[askedAt.age] as number;
    const done = () => this.#waiting.delete(age);
    const response = new DoorResponse(door, done);
    const handler = this.#table.find(request.method, request.getUrl());
    if (handler) handler(response, request);
    else response.writeStatus('404 Not Found').end();
    if (!response.isDone) this.#waiting.set(age, response);
  }

  onGone(_slot: number, age: number): void {
    const response = this.#waiting.get(age);
    this.#waiting.delete(age);
    response?.abort();
  }

  onEvent(): void {
    this.#takeEvent();
  }
}

/** Of printable ASCII throughout: the door hands on no other. Good until the handler returns. */
class DoorRequest implements HttpRequest {
  readonly method: string;
  readonly #door: Door;

  constructor(door: Door) {
    this.#door = door;
    this.method = textAt(door, askedAt.method);
  }

  getMethod(): string {
    return this.method.toLowerCase();
  }

  getUrl(): string {
    return textAt(this.#door, askedAt.path);
  }

  getQuery(): string {
    return textAt(this.#door, askedAt.query);
  }

  /** The first of this name, which is in lower case; empty when there is none. */
  getHeader(name: string): string {
    const { asked } = this.#door;
    const count = asked[askedAt.headerCount] as number;
    for (let index = 0; index < count; index += 1) {
      const at = askedAt.headers + 4 * index;
      if (asked[at + 1] !== name.length) continue;
      if (textAt(this.#door, at).toLowerCase() === name) return textAt(this.#door, at + 2);
    }
    return '';
  }
}

function textAt({ arena, asked }: Door, at: number): string {
  const start = asked[at] as number;
  return arena.toString('latin1', start, start + (asked[at + 1] as number));
}

class DoorResponse implements HttpResponse {
  readonly #door: Door;
  readonly #slot: number;
  readonly #age: number;
  readonly #done: () => void;
  #status = '200 OK';
  #headers = '';
  #onAborted: (() => void) | undefined;
  isDone = false;

  constructor(door: Door, done: () => void) {
    this.#door = door;
    this.#slot = door.asked[askedAt.slot] as number;
    this.#age = door.asked[askedAt.age] as number;
    this.#done = done;
  }

  abort(): void {
    this.isDone = true;
    this.#onAborted?.();
  }

  onAborted(handler: () => void): this {
    this.#onAborted = handler;
    return this;
  }

  onData(handler: (chunk: BodyBytes, isLast: boolean) => void): this {
    const { arena, asked } = this.#door;
    const start = asked[askedAt.body] as number;
    const end = start + (asked[askedAt.body + 1] as number);
    handler(arena.subarray(start, end), true);
    return this;
  }

  cork(write: () => void): this {
    write();
    return this;
  }

  writeStatus(status: string): this {
    this.#status = status;
    return this;
  }

  writeHeader(name: string, value: string | Uint8Array): this {
    const text = typeof value === 'string' ? value : Buffer.from(value).toString('latin1');
    this.#headers += `${name}: ${text}\r\n`;
    return this;
  }

  end(body: string | Uint8Array = noBytes, closesConnection = false): this {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    this.#send(bytes, true, closesConnection);
    return this;
  }

  endWithoutBody(): this {
    this.#send(noBytes, false, false);
    return this;
  }

  getRemoteAddressAsText(): ArrayBuffer {
    const address = Buffer.from(this.#door.address(this.#slot, this.#age));
    return new Uint8Array(address).buffer;
  }

  /** There is nothing between the door and whoever asks. */
  getProxiedRemoteAddressAsText(): ArrayBuffer {
    return this.getRemoteAddressAsText();
  }

  #send(body: Uint8Array, hasLength: boolean, isLast: boolean): void {
    this.isDone = true;
    this.#done();
    const head = Buffer.from(`HTTP/1.1 ${this.#status}\r\n${this.#headers}`);
    this.#door.answer(this.#slot, this.#age, head, body, hasLength, isLast);
  }
}
