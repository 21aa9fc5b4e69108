import { createServer } from 'node:net';

/**
 * Whether nobody listens on the address. Workers share their port with SO_REUSEPORT, which would
 * silently share it with a stranger of the same user too, so it is asked for exclusively first.
 * Returns the code of the operating system, EADDRINUSE for one, or an empty string.
 */
export function probePort(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve('')));
  });
}
