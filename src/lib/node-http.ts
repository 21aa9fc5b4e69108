/**
 * Node's own HTTP without an import: importing `node:http` reads each of its exports, and some of
 * them (WebSocket, for one) load all of undici, which takes 0.1 s of each process.
 */
export const nodeHttp = process.getBuiltinModule('node:http');
