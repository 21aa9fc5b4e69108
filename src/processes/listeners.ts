/**
 * Where a worker takes connections. The port is shared by all workers; a Unix domain socket cannot
 * be, so each has a path of its own: the first worker the one that was set, the others that path
 * with their number behind it. A replacement takes the path over while its predecessor still
 * serves the connections that it has.
 */
import { closeListenSocket, type HttpApp, type ListenSocket } from '../http/uws.ts';
import { publishSocketFile, socketPath } from '../lib/socket-file.ts';
import type { Door } from '../native/door.ts';

export type ListenAddress = {
  host: string;
  port: number;
  /** Empty: no Unix domain socket. */
  socket: string;
  slot: number;
};

/** Who takes the connections. */
export type Acceptor = {
  /** False when it cannot listen there. */
  listen(host: string, port: number): Promise<boolean>;
  listenUnix(path: string): Promise<boolean>;
  /** No connection is taken any more. */
  stop(): void;
  /** Every answer closes its connection from now on. */
  drain(): void;
  connectionCount(): number;
};

export type Listeners = Pick<Acceptor, 'drain' | 'connectionCount'> & {
  /** No connection is taken any more. */
  close(): void;
};

export type OpenedListeners = { ok: true; listeners: Listeners } | { ok: false; problem: string };

/** A socket that nobody knows of yet. */
const draftSuffix = '~';

/** uWebSockets.js by itself. */
export function plainAcceptor(app: HttpApp, connectionCount: () => number): Acceptor {
  const sockets: ListenSocket[] = [];
  const opened = (start: (done: (socket: ListenSocket | false) => void) => void) =>
    new Promise<boolean>((resolve) =>
      start((socket) => {
        if (socket) sockets.push(socket);
        resolve(Boolean(socket));
      }),
    );
  return {
    listen: (host, port) => opened((done) => app.listen(host, port, done)),
    listenUnix: (path) => opened((done) => app.listen_unix(done, path)),
    stop() {
      for (const socket of sockets.splice(0)) closeListenSocket(socket);
    },
    // Whoever answers looks at that.
    drain() {},
    connectionCount,
  };
}

export function doorAcceptor(door: Door): Acceptor {
  return {
    listen: async (host, port) => door.listen(host, port),
    listenUnix: async (path) => door.listenUnix(path),
    stop: door.stopListening,
    drain: door.drain,
    connectionCount: door.connectionCount,
  };
}

export async function openListeners(
  acceptor: Acceptor,
  { host, port, socket, slot }: ListenAddress,
): Promise<OpenedListeners> {
  const { drain, connectionCount } = acceptor;
  if (!(await acceptor.listen(host, port))) {
    return { ok: false, problem: `cannot listen on ${host}:${port}` };
  }
  if (socket === '') {
    return { ok: true, listeners: { drain, connectionCount, close: acceptor.stop } };
  }
  const path = socketPath(socket, slot);
  const draft = `${path}${draftSuffix}`;
  if (!(await acceptor.listenUnix(draft)))
    return { ok: false, problem: `cannot listen on ${path}` };
  // The file of a dead predecessor, or of the one that is being replaced, makes way.
  const file = publishSocketFile(draft, path);
  return {
    ok: true,
    listeners: {
      ...{ drain, connectionCount },
      close() {
        file.remove();
        acceptor.stop();
      },
    },
  };
}
