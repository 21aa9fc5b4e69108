/**
 * The OpenAPI document, as JSON, as YAML and as a page for people. The page is made by Swagger UI
 * from this server's own files and may, by its Content-Security-Policy, ask nobody else for
 * anything. Nothing is made before somebody asks for it, and then it is kept, compressed once off
 * the event loop: the bundle is 1.7 MB, packing it takes 36 ms of CPU.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { yamlText } from '../lib/yaml-text.ts';
import { jsonContentType } from './answers.ts';
import { type Headers, openExchange, sendReply, type Traffic } from './exchange.ts';
import { refuseMethod } from './json-endpoint.ts';
import { type DocumentedCall, type OpenapiDocument, openapiDocument } from './openapi.ts';
import type { Routes } from './routes.ts';

export type ReferenceOptions = {
  routes: Routes;
  traffic: Traffic;
  /** Everything that the server answers under `/v2/`. */
  calls: readonly DocumentedCall[];
};

type Page = { contentType: string; headers: Headers; content(): string | Promise<Buffer> };

const pack = promisify(gzip);
const packageFile = createRequire(import.meta.url).resolve;

/** Styles may stand in the page, because Swagger UI puts some there; scripts may not. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
const always: Headers = [
  ['X-Content-Type-Options', 'nosniff'],
  ['Referrer-Policy', 'no-referrer'],
  ['Vary', 'Accept-Encoding'],
];
const isPage: Headers = [...always, ['Content-Security-Policy', contentSecurityPolicy]];
const isFile: Headers = [...always, ['Cache-Control', 'max-age=3600']];

const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Latchkey: API reference</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="reference/swagger-ui.css">
</head>
<body>
<div id="reference"></div>
<script src="reference/swagger-ui-bundle.js"></script>
<script src="reference/start.js"></script>
</body>
</html>
`;

/** Without a validator: the default one is a service on the internet. */
const startScript = `SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  docExpansion: 'list',
  filter: true,
  defaultModelRendering: 'model',
  defaultModelExpandDepth: 3,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: false,
  validatorUrl: null,
});
`;

export function addReference({ routes, traffic, calls }: ReferenceOptions): void {
  let made: OpenapiDocument | undefined;
  const document = () => {
    made ??= openapiDocument(calls);
    return made;
  };
  const file = (contentType: string, content: Page['content']) =>
    createSender({ contentType, headers: isFile, content });
  const fromPackage = (name: string) => () => readFile(packageFile(`swagger-ui-dist/${name}`));
  const senders = new Map<string, Sender>([
    ['/openapi.json', file(jsonContentType, () => JSON.stringify(document()))],
    ['/openapi.yaml', file('application/yaml', () => yamlText(document()))],
    [
      '/reference',
      createSender({
        ...{ contentType: 'text/html; charset=utf-8', headers: isPage, content: () => html },
      }),
    ],
    ['/reference/start.js', file('text/javascript', () => startScript)],
    ['/reference/swagger-ui.css', file('text/css', fromPackage('swagger-ui.css'))],
    [
      '/reference/swagger-ui-bundle.js',
      file('text/javascript', fromPackage('swagger-ui-bundle.js')),
    ],
  ]);
  for (const [path, send] of senders) {
    routes.get(path, (response, request) => {
      const isPacked = /\bgzip\b/.test(request.getHeader('accept-encoding'));
      const exchange = openExchange(response, request, { path, traffic });
      void send(isPacked).then((reply) => sendReply(exchange, reply));
    });
    routes.any(path, refuseMethod);
  }
}

type Reply = Parameters<typeof sendReply>[1];
type Sender = (isPacked: boolean) => Promise<Reply>;

/** What is made for the first who asks is kept; a failure is not, and is answered with 500. */
function createSender({ contentType, headers, content }: Page): Sender {
  let kept: Promise<{ plain: Buffer; packed: Buffer }> | undefined;
  const make = async () => {
    const plain = Buffer.from(await content());
    return { plain, packed: await pack(plain) };
  };
  return async (isPacked) => {
    try {
      kept ??= make();
      const { plain, packed } = await kept;
      const encoding: Headers = isPacked ? [['Content-Encoding', 'gzip']] : [];
      const body = isPacked ? packed : plain;
      return { status: 200, contentType, body, headers: [...headers, ...encoding] };
    } catch {
      kept = undefined;
      return { status: 500, contentType: 'text/plain', body: '500 a file of it is missing\n' };
    }
  };
}
