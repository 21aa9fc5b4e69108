/**
 * Where a worker takes connections. The port is shared by all workers; a Unix domain socket cannot
 * be, so each has a path of its own: the first worker the one that was set, the others that path
 * with their number behind it. A replacement takes the path over while its predecessor still
 * serves the connections that it has.
 */
import { closeListenSocket, type HttpApp, type ListenSocket } from '../http/uws.ts';
import { publishSocketFile, socketPath } from '../lib/socket-file.ts';

export type ListenAddress = {
  host: string;
  port: number;
  /** Empty: no Unix domain socket. */
  socket: string;
  slot: number;
};

export type Listeners = {
  /** No connection is taken any more. */
  close(): void;
};

export type OpenedListeners = { ok: true; listeners: Listeners } | { ok: false; problem: string };

/** A socket that nobody knows of yet. */
const draftSuffix = '~';

export async function openListeners(
  app: HttpApp,
  address: ListenAddress,
): Promise<OpenedListeners> {
  const { host, port, socket, slot } = address;
  const shared = await listen((done) => app.listen(host, port, done));
  if (!shared) return { ok: false, problem: `cannot listen on ${host}:${port}` };
  if (socket === '') return { ok: true, listeners: { close: () => closeListenSocket(shared) } };
  const path = socketPath(socket, slot);
  const draft = `${path}${draftSuffix}`;
  const unix = await listen((done) => app.listen_unix(done, draft));
  if (!unix) return { ok: false, problem: `cannot listen on ${path}` };
  // The file of a dead predecessor, or of the one that is being replaced, makes way.
  const file = publishSocketFile(draft, path);
  return {
    ok: true,
    listeners: {
      close() {
        file.remove();
        closeListenSocket(unix);
        closeListenSocket(shared);
      },
    },
  };
}

type Done = (socket: ListenSocket | false) => void;

function listen(start: (done: Done) => void): Promise<ListenSocket | false> {
  return new Promise((resolve) => start(resolve));
}
