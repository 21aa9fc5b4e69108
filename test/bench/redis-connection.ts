/** As much of a Redis client as the stand-in needs: commands in a pipeline, answers in order. */
import { once } from 'node:events';
import { connect } from 'node:net';

export type RedisConnection = {
  /** Rejects with what Redis says is wrong. */
  send(...command: readonly (string | number)[]): Promise<RedisReply>;
  close(): void;
};

export type RedisReply = string | number | null;

type Waiter = { resolve(reply: RedisReply): void; reject(error: Error): void };

export async function openRedis(port: number): Promise<RedisConnection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const waiters: Waiter[] = [];
  let received = '';
  socket.setEncoding('latin1').on('data', (text) => {
    received += text;
    let at = 0;
    for (let found = readReply(received, at); found; found = readReply(received, at)) {
      at = found.end;
      const waiter = waiters.shift();
      if (found.error === undefined) waiter?.resolve(found.reply);
      else waiter?.reject(new Error(found.error));
    }
    received = received.slice(at);
  });
  await once(socket, 'connect');
  return {
    send: (...command) =>
      new Promise((resolve, reject) => {
        waiters.push({ resolve, reject });
        socket.write(encode(command));
      }),
    close: () => socket.destroy(),
  };
}

function encode(command: readonly (string | number)[]): string {
  const words = command.map(String);
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join('')}`;
}

type ReadReply = { reply: RedisReply; error?: string; end: number };

/** The reply that begins at `at`, if it is complete. No arrays: no command here gives one. */
function readReply(text: string, at: number): ReadReply | undefined {
  const lineEnd = text.indexOf('\r\n', at);
  if (lineEnd < 0) return undefined;
  const line = text.slice(at + 1, lineEnd);
  const end = lineEnd + 2;
  switch (text[at]) {
    case '$': {
      const length = Number(line);
      if (length < 0) return { reply: null, end };
      if (text.length < end + length + 2) return undefined;
      return { reply: text.slice(end, end + length), end: end + length + 2 };
    }
    case ':':
      return { reply: Number(line), end };
    case '-':
      return { reply: null, error: line, end };
    default:
      return { reply: line, end };
  }
}
