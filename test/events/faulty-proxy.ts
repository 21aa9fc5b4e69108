/** A TCP proxy before a store that loses answers, holds them back, or refuses to connect. */

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

export type FaultyProxy = {
  /** The URL that was given, with the proxy's port. */
  url: string;
  /** The next answers are cut off, after the store has given them. */
  loseAnswers(count: number): void;
  /** Answers are kept back; a held one is never delivered. */
  holdAnswers(on: boolean): void;
  refuseConnections(on: boolean): void;
  /** Breaks every connection that there is. */
  cut(): void;
  readonly lostAnswers: number;
  readonly heldAnswers: number;
  close(): Promise<void>;
};

export async function createFaultyProxy(storeUrl: string): Promise<FaultyProxy> {
  const target = new URL(storeUrl);
  const sockets = new Set<Socket>();
  let toLose = 0;
  let isHolding = false;
  let isRefusing = false;
  let lostAnswers = 0;
  let heldAnswers = 0;

  function answer(client: Socket, bytes: Buffer): void {
    if (toLose > 0) {
      toLose -= 1;
      lostAnswers += 1;
      client.destroy();
    } else if (isHolding) heldAnswers += 1;
    else client.write(bytes);
  }

  const server = createServer((client) => {
    if (isRefusing) {
      client.destroy();
      return;
    }
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
    }
    client.pipe(upstream);
    upstream.on('data', (bytes) => answer(client, bytes));
    upstream.on('close', () => client.destroy());
    client.on('close', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(storeUrl);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    loseAnswers(count) {
      toLose = count;
    },
    holdAnswers(on) {
      isHolding = on;
    },
    refuseConnections(on) {
      isRefusing = on;
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    get lostAnswers() {
      return lostAnswers;
    },
    get heldAnswers() {
      return heldAnswers;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
