/** A bare connection: for requests that no HTTP client would send, and for very many usual ones. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export type RawResponse = {
  status: number;
  /** Names in lower case. */
  headers: Map<string, string>;
  body: string;
};

export type RawConnection = {
  socket: Socket;
  send(text: string): void;
  /** The next response. Rejects when the connection ends before it is complete. */
  response(): Promise<RawResponse>;
  /** Resolves when the other side has closed, in order or by a reset. */
  closed: Promise<void>;
};

type Waiter = { resolve(response: RawResponse): void; reject(error: Error): void };

/** Rejects when the server does not take the connection. */
export async function openRawConnection(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  const waiters: Waiter[] = [];
  const ready: RawResponse[] = [];
  let received = '';
  let ending: Error | undefined;

  socket.setEncoding('latin1').on('data', (text) => {
    received += text;
    for (let found = takeResponse(received); found; found = takeResponse(received)) {
      received = received.slice(found.length);
      const waiter = waiters.shift();
      if (waiter) waiter.resolve(found.response);
      else ready.push(found.response);
    }
  });
  socket.on('error', (error) => {
    ending = error;
  });
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      ending ??= Object.assign(new Error('the server closed'), { code: 'ECONNRESET' });
      for (const waiter of waiters.splice(0)) waiter.reject(ending);
      resolve();
    });
  });
  await once(socket, 'connect');
  return {
    socket,
    closed,
    send: (text) => void socket.write(text, 'latin1'),
    response: () =>
      new Promise((resolve, reject) => {
        const response = ready.shift();
        if (response) resolve(response);
        else if (ending) reject(ending);
        else waiters.push({ resolve, reject });
      }),
  };
}

/** The first complete response in `text` and how long it is. All of ours name their length. */
function takeResponse(text: string): { response: RawResponse; length: number } | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [statusLine = '', ...lines] = text.slice(0, headEnd).split('\r\n');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const length = headEnd + 4 + Number(headers.get('content-length') ?? 0);
  if (text.length < length) return undefined;
  const response = { status: Number(statusLine.split(' ')[1]), headers };
  return { length, response: { ...response, body: text.slice(headEnd + 4, length) } };
}

/** A complete POST, as a client that keeps its connection sends it. A character is a byte. */
export function postText(
  path: string,
  { rootKey, body, headers = [] }: { rootKey: string; body: string; headers?: string[] },
): string {
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: latchkey.test',
    `Authorization: Bearer ${rootKey}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    ...headers,
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}
