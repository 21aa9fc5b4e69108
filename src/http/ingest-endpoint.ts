/**
 * `/ingest`: inserts as clients of ClickHouse send them over HTTP. Answered when the rows are
 * spooled; a refusal looks as one of ClickHouse does, so that its clients show what is wrong.
 */
import { promisify } from 'node:util';
import { gunzip, inflate, zstdDecompress } from 'node:zlib';
import type { Ingest, IngestAnswer, IngestRequest } from '../events/ingest.ts';
import {
  type Exchange,
  type Headers,
  openExchange,
  type Route,
  sendReply,
  type Traffic,
} from './exchange.ts';
import { readBody } from './request-body.ts';
import type { Routes } from './routes.ts';
import type { HttpRequest } from './uws.ts';

export type IngestEndpointOptions = {
  routes: Routes;
  traffic: Traffic;
  ingest: Ingest;
  /** Of the body, packed or not. */
  bodyBytesMax: number;
  /** Monotonic, in ms with fractions. */
  stopwatch: () => number;
};

type Call = Omit<IngestRequest, 'body'> & { encoding: string; queryId: string };

/** Of a body of somebody unknown, who is refused whatever it is. */
const strangerBytesMax = 65_536;
const noBytes = Buffer.alloc(0);

const path = '/ingest';
const plainText = 'text/plain; charset=UTF-8';
const retryAfterSeconds = '5';

export function addIngest(options: IngestEndpointOptions): void {
  const { routes, traffic } = options;
  const route: Route = { path, traffic };
  routes.post(path, (response, request) => {
    receive(options, openExchange(response, request, route), readCall(request));
  });
  routes.get(path, (response, request) => {
    const exchange = openExchange(response, request, route);
    const call = readCall(request);
    if (call.query === '') sendText(exchange, 200, 'Ok.\n');
    else answer(options, exchange, { call, body: noBytes });
  });
  routes.get(`${path}/ping`, (response, request) => {
    sendText(openExchange(response, request, route), 200, 'Ok.\n');
  });
}

function receive(options: IngestEndpointOptions, exchange: Exchange, call: Call): void {
  const { ingest, bodyBytesMax, stopwatch } = options;
  const isKnown = ingest.knows(call.user, call.password);
  readBody(exchange, {
    bytesMax: isKnown ? bodyBytesMax : Math.min(bodyBytesMax, strangerBytesMax),
    stopwatch,
    onTooLarge() {
      // What is still on its way is not read, so the connection cannot be used again.
      exchange.isLast = true;
      if (isKnown) sendText(exchange, 413, tooLargeText(bodyBytesMax));
      else answer(options, exchange, { call, body: noBytes });
    },
    onBody(_exchange, bytes) {
      if (!isKnown) answer(options, exchange, { call, body: noBytes });
      else if (call.encoding === '') answer(options, exchange, { call, body: bytes });
      else void answerPacked(options, exchange, { call, body: Buffer.from(bytes) });
    },
  });
}

type Received = { call: Call; body: Buffer };

async function answerPacked(
  options: IngestEndpointOptions,
  exchange: Exchange,
  { call, body }: Received,
): Promise<void> {
  const unpacked = await unpack(call.encoding, body, options.bodyBytesMax);
  if (unpacked === 413) sendText(exchange, 413, tooLargeText(options.bodyBytesMax));
  else if (unpacked === 400) sendText(exchange, 400, notPacked);
  else answer(options, exchange, { call, body: unpacked });
}

const notPacked =
  'Code: 354. DB::Exception: the body is not packed as its Content-Encoding says, ' +
  'or that is not gzip, deflate or zstd. (ZLIB_INFLATE_FAILED)\n';

type Unpacker = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const unpackers = new Map<string, Unpacker>([
  ['gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['zstd', promisify(zstdDecompress)],
]);

/** Off the event loop, and never to more than `bytesMax`; else the status of the refusal. */
async function unpack(
  encoding: string,
  body: Buffer,
  bytesMax: number,
): Promise<Buffer | 400 | 413> {
  const unpacker = unpackers.get(encoding);
  if (!unpacker) return 400;
  try {
    return await unpacker(body, { maxOutputLength: bytesMax });
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    return isTooLarge ? 413 : 400;
  }
}

function answer(
  { ingest }: IngestEndpointOptions,
  exchange: Exchange,
  { call, body }: Received,
): void {
  const { encoding: _encoding, queryId, ...request } = call;
  const answered = ingest.take({ ...request, body });
  const headers: Headers = [['X-ClickHouse-Query-Id', queryId || exchange.requestId]];
  switch (answered.kind) {
    case 'alive':
      sendText(exchange, 200, answered.text, headers);
      break;
    case 'spooled':
      sendText(exchange, 200, '', [...headers, summaryOf(answered)]);
      break;
    case 'refused':
      refuse(exchange, answered, headers);
      break;
    default:
      answered satisfies never;
  }
}

function summaryOf({ rowCount, byteCount }: IngestAnswer & { kind: 'spooled' }) {
  const summary = {
    ...{ read_rows: rowCount, read_bytes: byteCount },
    ...{ written_rows: rowCount, written_bytes: byteCount },
  };
  const texts = Object.entries(summary).map(([name, value]) => [name, String(value)]);
  return ['X-ClickHouse-Summary', JSON.stringify(Object.fromEntries(texts))] as const;
}

function refuse(
  exchange: Exchange,
  { status, refusal }: IngestAnswer & { kind: 'refused' },
  headers: Headers,
): void {
  const { code, codeName, message } = refusal;
  const text = `Code: ${code}. DB::Exception: ${message}. (${codeName})\n`;
  sendText(exchange, status, text, [
    ...headers,
    ['X-ClickHouse-Exception-Code', String(code)],
    ...(status === 503 ? [['Retry-After', retryAfterSeconds] as const] : []),
  ]);
}

function tooLargeText(bytesMax: number): string {
  const message = `the body is larger than ${bytesMax} bytes`;
  return `Code: 131. DB::Exception: ${message}. (TOO_LARGE_STRING_SIZE)\n`;
}

function sendText(exchange: Exchange, status: number, body: string, headers: Headers = []): void {
  sendReply(exchange, { status, contentType: plainText, body, headers });
}

/** Credentials as Basic authorization, as headers of their own, or in the URL. */
function readCall(request: HttpRequest): Call {
  const parameters = new URLSearchParams(request.getQuery() ?? '');
  const take = (name: string) => {
    const value = parameters.get(name) ?? '';
    parameters.delete(name);
    return value;
  };
  const basic = basicCredentials(request.getHeader('authorization'));
  const [user, password] = [take('user'), take('password')];
  const [query, queryId, database] = [take('query'), take('query_id'), take('database')];
  return {
    user: request.getHeader('x-clickhouse-user') || basic.user || user || 'default',
    password: request.getHeader('x-clickhouse-key') || basic.password || password,
    database: database || request.getHeader('x-clickhouse-database'),
    query,
    // It is sent back in a header.
    queryId: /^[\w-]{1,128}$/.test(queryId) ? queryId : '',
    encoding: encodingOf(request.getHeader('content-encoding')),
    settings: Object.fromEntries(parameters),
  };
}

function encodingOf(header: string): string {
  const encoding = header.trim().toLowerCase();
  return encoding === 'identity' ? '' : encoding;
}

function basicCredentials(header: string): { user: string; password: string } {
  const [, encoded = ''] = /^Basic\s+(\S+)$/i.exec(header) ?? [];
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0
    ? { user: text, password: '' }
    : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
