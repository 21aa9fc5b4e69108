/**
 * The admin port: for probes and scrapers, not for customers. It has no authentication and changes
 * nothing.
 */
import { closeListenSocket, createHttpApp, type HttpResponse, type ListenSocket } from './uws.ts';

export type AdminPages = {
  /** Whether the node answers verifications, and the conditions, each with name and reason. */
  readiness(): { isReady: boolean; conditions: object[] };
  /** In the text format of Prometheus. */
  metrics(): string;
};

export type AdminServer = { close(): void };

const json = 'application/json';
const prometheusText = 'text/plain; version=0.0.4; charset=utf-8';

type Page = { status?: string; contentType: string; body: string };

/** Rejects when the address is taken. */
export function startAdminServer(
  { host, port }: { host: string; port: number },
  pages: AdminPages,
): Promise<AdminServer> {
  const app = createHttpApp();
  const get = (path: string, page: () => Page) => {
    app.get(path, (response) => sendPage(response, page()));
  };
  get('/livez', () => ({ contentType: json, body: '{"status":"alive"}\n' }));
  get('/readyz', () => {
    const { isReady, conditions } = pages.readiness();
    const body = JSON.stringify({ status: isReady ? 'ready' : 'not ready', conditions }, null, 2);
    return { status: isReady ? '200 OK' : '503 Service Unavailable', contentType: json, body };
  });
  get('/metrics', () => ({ contentType: prometheusText, body: pages.metrics() }));
  app.any('/*', (response) => {
    const body = '404 page not found: here are /livez, /readyz and /metrics\n';
    sendPage(response, { status: '404 Not Found', contentType: 'text/plain', body });
  });
  return new Promise((resolve, reject) => {
    app.listen(host, port, (socket: ListenSocket | false) => {
      if (!socket) return reject(new Error(`cannot listen on ${host}:${port}`));
      resolve({
        close() {
          closeListenSocket(socket);
          app.close();
        },
      });
    });
  });
}

function sendPage(response: HttpResponse, { status, contentType, body }: Page): void {
  response.cork(() => {
    if (status) response.writeStatus(status);
    response.writeHeader('Content-Type', contentType).end(body);
  });
}
