/** The endpoint for proxies on a socket of its own, over a workspace in memory. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { compileGrants } from '../../src/domain/grants.ts';
import type { WorkspaceRecord } from '../../src/domain/records.ts';
import type { VerificationEvent } from '../../src/domain/verification-event.ts';
import type { Traffic } from '../../src/http/exchange.ts';
import { addForwardAuth } from '../../src/http/forward-auth-endpoint.ts';
import { createHttpApp, type HttpResponse } from '../../src/http/uws.ts';
import { createRandom } from '../support/random.ts';
import { plainApi, SmallWorld, startMs } from '../verify/small-world.ts';

export type ProxyReply = {
  status: number;
  headers: IncomingHttpHeaders;
  rawHeaders: string[];
  text: string;
  json: {
    meta?: { requestId: string };
    data?: { valid: boolean; code: string };
    error?: { title: string; detail: string; status: number; code: string };
  };
};

type Headers = Record<string, string>;

const rootKey = {
  ...{ rootKeyId: 'key_root', workspaceId: 'ws_1', isEnabled: true, expiresAtMs: 0 },
  permissions: ['api.api_1.verify_key', 'api.api_open.verify_key'],
};

export class ProxyWorld extends SmallWorld {
  readonly events: VerificationEvent[] = [];
  readonly problems: string[] = [];
  readonly statuses = new Set<number>();
  readonly #app = createHttpApp();
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #folder = mkdtempSync(join(tmpdir(), 'latchkey-proxy-'));
  readonly #traffic: Traffic = {
    ...{ isDraining: false, inFlightCount: 0, connectionCount: 0 },
    onAnswered: (status) => this.statuses.add(status),
  };

  get #socketPath(): string {
    return join(this.#folder, 'socket');
  }

  async listen(): Promise<void> {
    const countConnection = (_response: HttpResponse, change: unknown) => {
      this.#traffic.connectionCount += Number(change);
    };
    this.#app.filter(countConnection);
    this.#addEndpoint();
    const isListening = await new Promise((resolve) => {
      this.#app.listen_unix((socket) => resolve(Boolean(socket)), this.#socketPath);
    });
    assert.ok(isListening);
  }

  #addEndpoint(): void {
    const grants = compileGrants('ws_1', rootKey.permissions);
    addForwardAuth({
      routes: this.#app,
      traffic: this.#traffic,
      judgePorts: {
        lookup: this.lookup,
        limits: this.limits,
        credits: {
          spend: (keyId, cost) => this.credits.spend(keyId, cost),
          // Nobody leases any: what is there decides, and with nothing there it is unknown.
          spendLeased: async (keyId, cost) => {
            const spent = this.credits.spend(keyId, cost);
            return spent.left > 0 ? spent : undefined;
          },
        },
        pepperOf: () => undefined,
        completeFirstUse: async () => {},
        record: (event) => this.events.push(event),
        clock: () => this.nowMs,
        stopwatch: () => 0,
      },
      lookup: {
        rootKeyByToken: (token) =>
          token === 'root_of_ws_1'
            ? { ...rootKey, grants, workspace: this.lookup.find('workspace', 'ws_1') }
            : undefined,
        workspace: (id) => this.lookup.find('workspace', id),
        api: (id) => this.lookup.find('api', id),
      },
      openApiIds: new Set(['api_open']),
      quick: undefined,
      onMisconfigured: (_requestId, problem) => this.problems.push(problem),
    });
  }

  /** Everything as it was, but for what has been counted and spent. */
  reset(): void {
    this.events.length = 0;
    this.problems.length = 0;
    this.statuses.clear();
    this.nowMs = startMs;
    this.remove('identity', 'id_1');
    this.putKey();
    this.allowAddresses('');
    this.allowRequests(null);
    const open = { apiId: 'api_open', keyspaceId: 'ks_open' };
    this.put('api', 'api_open', { ...plainApi, ...open });
    this.put('api', 'api_other', { ...plainApi, apiId: 'api_other', workspaceId: 'ws_2' });
  }

  allowRequests(requestsPerMinuteMax: number | null): void {
    const workspace = this.lookup.find('workspace', 'ws_1') as WorkspaceRecord;
    this.put('workspace', 'ws_1', { ...workspace, requestsPerMinuteMax });
  }

  allowAddresses(allowedAddresses: string): void {
    this.put('api', 'api_1', { ...plainApi, allowedAddresses });
  }

  originals(): object[] {
    return this.events.map(({ method, path, clientAddress }) => ({ method, path, clientAddress }));
  }

  connectionCount(): number {
    return this.#traffic.connectionCount;
  }

  async ask(path: string, headers: Headers, method = 'GET', body = ''): Promise<ProxyReply> {
    const sent = request({
      ...{ socketPath: this.#socketPath, agent: this.#agent, path, method },
      headers: { ...headers, 'content-length': String(body.length) },
    });
    sent.end(body);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const text = await readText(response);
    const { statusCode: status = 0, headers: answered, rawHeaders } = response;
    const json = text === '' ? {} : JSON.parse(text);
    return { status, headers: answered, rawHeaders, text, json };
  }

  /** Random bytes wherever a caller behind the proxy has a say; the same ones each time. */
  async askHostile(count: number): Promise<void> {
    const random = createRandom(11);
    const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
    const pieces = [
      'a',
      '%',
      '%2',
      '%ff',
      '&',
      '=',
      '?',
      ':',
      ',',
      ' ',
      '"',
      '\u00e9',
      'acme_secret',
    ];
    const words = () =>
      Array.from({ length: Math.floor(random() * 12) }, () => pick(pieces)).join('');
    const names = ['x-forwarded-uri', 'x-original-uri', 'x-forwarded-method', 'x-forwarded-for'];
    const more = ['x-api-key', 'x-latchkey-settings', 'x-latchkey-tags', 'cookie'];
    const query = '?key=bearer&key=basic&key=header:x-api-key&key=query:k&limit=loose:0:5:60000';
    for (let asked = 0; asked < count; asked += 1) {
      const headers: Headers = { 'x-latchkey-root-key': 'root_of_ws_1' };
      for (const name of [...names, ...more]) if (random() < 0.5) headers[name] = words();
      if (random() < 0.6) headers.authorization = `${pick(['Bearer', 'Basic', ''])} ${words()}`;
      await this.ask(`/forward-auth${query}`, headers, pick(['GET', 'POST', 'HEAD', 'OPTIONS']));
    }
  }

  close(): void {
    this.#agent.destroy();
    this.#app.close();
    rmSync(this.#folder, { recursive: true });
  }
}
