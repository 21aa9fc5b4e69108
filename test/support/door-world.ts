/** The same handlers behind uWebSockets.js alone, and behind the native door with it behind. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DoorServer } from '../../src/http/door-server.ts';
import { viewOf } from '../../src/http/request-body.ts';
import {
  type Handler,
  type Routes,
  RouteTable,
  routesOf,
  tunnelled,
} from '../../src/http/routes.ts';
import { closeListenSocket, createHttpApp, type ListenSocket } from '../../src/http/uws.ts';
import { type Door, openDoor } from '../../src/native/door.ts';
import { openInnerSocket } from '../../src/processes/worker-door.ts';
import { freePort } from './free-port.ts';

export type Side = { port: number; close(): void };
export type DoorSide = Side & { door: Door };

export async function openPlainSide(addRoutes: (routes: Routes) => void): Promise<Side> {
  const app = createHttpApp();
  addRoutes(app);
  const port = await freePort();
  const socket = await new Promise<ListenSocket | false>((resolve) =>
    app.listen('127.0.0.1', port, resolve),
  );
  assert.ok(socket);
  return {
    port,
    close() {
      closeListenSocket(socket);
      app.close();
    },
  };
}

export async function openDoorSide(
  addRoutes: (routes: Routes) => void,
  host = '127.0.0.1',
): Promise<DoorSide> {
  const app = createHttpApp();
  const table = new RouteTable();
  addRoutes(routesOf([tunnelled(app), table]));
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-door-'));
  const listen = (path: string) =>
    new Promise<boolean>((resolve) => app.listen_unix((socket) => resolve(Boolean(socket)), path));
  const inner = await openInnerSocket(folder, 'inner', listen);
  assert.ok(inner);
  rmSync(folder, { recursive: true });
  const listener = new DoorServer(table, () => {});
  const door = openDoor({
    engine: undefined,
    answered: { cells: new BigInt64Array(1), at: 0 },
    innerPath: inner.path,
    listener,
  });
  listener.serve(door);
  const port = await freePort();
  assert.ok(door.listen(host, port));
  return {
    ...{ port, door },
    close() {
      door.close();
      inner.close();
      app.close();
    },
  };
}

const told = ['host', 'x-a', 'authorization', 'content-type', 'content-length', 'x-missing'];

/** Answers with all that it was asked. */
export const echo: Handler = (response, request) => {
  const method = request.getMethod();
  const seen = [method, request.getUrl(), request.getQuery() ?? ''];
  seen.push(...told.map((name) => request.getHeader(name)));
  let body = '';
  response.onAborted(() => {});
  if (method === 'head') {
    response.writeHeader('X-Seen', seen.join('|')).endWithoutBody();
    return;
  }
  response.onData((chunk, isLast) => {
    body += viewOf(chunk).toString('latin1');
    if (!isLast) return;
    response.cork(() => {
      response.writeStatus('200 OK').writeHeader('X-Route', 'echo');
      response.end(JSON.stringify([...seen, body]));
    });
  });
};

export async function openClient(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** What has been answered so far to what was sent, on a connection that stays open. */
export type Exchange = { answered(): string; close(): void };

/** Sends the pieces one by one, each in a turn of its own of the loop that all here share. */
export async function sendPieces(port: number, pieces: readonly Buffer[]): Promise<Exchange> {
  const socket = await openClient(port);
  let answered = '';
  socket.setEncoding('latin1').on('data', (text) => {
    answered += text;
  });
  // Whoever is refused may be reset while it still sends.
  socket.on('error', () => {});
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise(setImmediate);
  }
  return { answered: () => answered, close: () => socket.destroy() };
}

/** The answers without what each server says in its own way: the order of its own headers. */
export function normalized(answers: string): string {
  return answers
    .replaceAll('\r\n', '\n')
    .replaceAll(/^(?:Date|uWebSockets|Connection): .*\n/gm, '')
    .replaceAll('HTTP/1.1 ', '\nHTTP/1.1 ')
    .replaceAll(/(HTTP\/1\.1 .*\n)((?:.+\n)*)\n/g, (_all, line, headers) => {
      return `${line}${headers.trim().split('\n').sort().join('\n')}\n\n`;
    });
}
