import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Asked = { url: string; headers: IncomingHttpHeaders; body: string };
export type Answering = (asked: Asked) => {
  status?: number;
  headers?: Record<string, string>;
  body: unknown;
};

export type AnsweringServer = { url: string; asked: Asked[]; close(): Promise<void> };

/** An HTTP server that answers as it is told, and keeps what it was asked. */
export async function startAnsweringServer(answer: Answering): Promise<AnsweringServer> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const question = { url: request.url ?? '', headers: request.headers, body };
      asked.push(question);
      const { status = 200, headers = {}, body: answered } = answer(question);
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof answered === 'string' ? answered : JSON.stringify(answered));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
