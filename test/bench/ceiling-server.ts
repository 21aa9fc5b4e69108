/**
 * What the runtime itself can do at best: uWebSockets.js that reads the request and looks at
 * nothing, and answers as many bytes as the product does.
 *
 *     ceiling-server.ts <port> <bytes of the answer to a POST> <bytes of the answer to a GET>
 */
import { createHttpApp, type HttpResponse } from '../../src/http/uws.ts';

export type CeilingArguments = readonly [port: string, postBytes: string, getBytes: string];

const [port, postBytes, getBytes] = process.argv.slice(2).map(Number) as [number, number, number];
/** Begins as the driver expects it. */
const fill = (byteCount: number) => '"code":"VALID"'.padEnd(byteCount, ' ');
const postAnswer = fill(postBytes);
const getAnswer = fill(getBytes);

function reply(response: HttpResponse, answer: string): void {
  response.writeHeader('Content-Type', 'application/json');
  response.end(answer);
}

createHttpApp()
  .post('/*', (response) => {
    response.onAborted(() => {});
    response.onData((_chunk, isLast) => {
      if (isLast) reply(response, postAnswer);
    });
  })
  .get('/*', (response) => reply(response, getAnswer))
  .listen('127.0.0.1', port, (socket) => {
    if (!socket) process.exit(1);
  });
