/**
 * One story for every reverse proxy, told with the program itself and the configuration that is
 * shipped for it: a caller, the proxy, Latchkey with its stores, and the service behind.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { createReleasers } from '../../src/lib/releasers.ts';
import { type ApiClient, createApiClient } from '../support/api-client.ts';
import { allInserted, readRows } from '../support/event-rows.ts';
import { freePort } from '../support/free-port.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

export type Ports = { proxy: number; latchkey: number; service: number };

export type Proxy = {
  program: string;
  /** Writes what the program needs into the folder and returns its arguments. */
  configure(folder: string, ports: Ports): string[];
};

const sbin = ['/usr/local/sbin', '/usr/sbin', '/sbin'];
export const rootKey = 'root_key_of_the_proxy';
const settings = 'key=bearer&key=header:x-api-key';
/** What the routes of this story ask for, in place of the settings that are shipped. */
const storySettings = `${settings}&key=query:api_key&key=basic&permissions=docs.read&cost=1`;

export function shippedFile(file: string): string {
  return join(import.meta.dirname, '../../docker', file);
}

/** A shipped configuration with the addresses and settings of this story, and more replaced. */
export function shippedConfiguration(
  file: string,
  ports: Ports,
  replacements: Readonly<Record<string, string>>,
): string {
  let text = readFileSync(shippedFile(file), 'utf8');
  const all = {
    ...replacements,
    '127.0.0.1:7070': `127.0.0.1:${ports.latchkey}`,
    '127.0.0.1:8080': `127.0.0.1:${ports.service}`,
    [settings]: storySettings,
  };
  for (const [from, to] of Object.entries(all)) {
    assert.ok(text.includes(from), `${file} has no ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

type Answer = { status: number; headers: IncomingMessage['headers']; text: string };
type Keys = Record<'good' | 'poor' | 'disabled' | 'limited' | 'lacking', string>;

/** A running proxy between a caller and a service. */
class Stage {
  readonly releasers = createReleasers();
  /** What the service was sent. */
  readonly served: IncomingMessage[] = [];
  server!: TestServer;
  keys!: Keys;
  ports!: Ports;

  async open(proxy: Proxy): Promise<void> {
    this.server = await startServer({ workers: 1, settings: { LATCHKEY_ROOT_KEY: rootKey } });
    this.releasers.push('Latchkey', () => this.server.close());
    this.keys = await createKeys(createApiClient(this.server));
    const service = createServer((asked, response) => {
      this.served.push(asked);
      response.end('served');
    });
    service.listen(0, '127.0.0.1');
    await once(service, 'listening');
    this.releasers.push('service', () => service.close());
    this.releasers.push('its connections', () => service.closeAllConnections());
    this.ports = {
      proxy: await freePort(),
      latchkey: Number(new URL(this.server.url).port),
      service: (service.address() as AddressInfo).port,
    };
    await this.#startProxy(proxy);
  }

  async #startProxy({ program, configure }: Proxy): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-proxy-'));
    this.releasers.push('folder', () => rmSync(folder, { recursive: true }));
    const child = spawn(program, configure(folder, this.ports), {
      env: {
        ...process.env,
        PATH: [process.env.PATH, ...sbin].join(':'),
        HOME: folder,
        LATCHKEY_ROOT_KEY: rootKey,
        LATCHKEY_URL: this.server.url,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    this.releasers.push(program, () => endChild(child));
    await waitFor(`${program} listens`, async () => {
      assert.equal(child.exitCode, null, output);
      return this.ask('/').then(
        () => true,
        () => false,
      );
    });
    this.served.length = 0;
  }

  async ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
    const { proxy: port } = this.ports;
    const sent = request({ port, host: '127.0.0.1', path, method, headers, agent: false });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const text = await readText(response);
    return { status: response.statusCode ?? 0, headers: response.headers, text };
  }

  bearer(key: keyof Keys): { authorization: string } {
    return { authorization: `Bearer ${this.keys[key]}` };
  }
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

async function createKeys(call: ApiClient): Promise<Keys> {
  const api = await call('apis.createApi', { name: 'behind a proxy' });
  const create = async (body: object) => {
    const made = await call('keys.createKey', { apiId: api.json.data?.apiId, ...body });
    assert.equal(made.status, 200, made.text);
    return made.json.data?.key as string;
  };
  await call('permissions.createPermission', { name: 'read', slug: 'docs.read' });
  const permissions = ['docs.read'];
  const credits = (remaining: number) => ({ credits: { remaining } });
  const limit = { name: 'requests', limit: 2, duration: 3_600_000, autoApply: true };
  return {
    good: await create({
      ...{ permissions, ...credits(100), externalId: 'customer_7' },
      meta: { plan: 'größer\r\n😀' },
    }),
    poor: await create({ permissions, ...credits(0) }),
    disabled: await create({ permissions, enabled: false }),
    limited: await create({ permissions, ratelimits: [limit] }),
    lacking: await create({}),
  };
}

export function tellProxyStory(proxy: Proxy): void {
  const path = [process.env.PATH, ...sbin].join(':');
  const isInstalled = spawnSync(proxy.program, ['-v'], { env: { PATH: path } }).error === undefined;
  if (isInstalled) tellStory(proxy);
  else test(`${proxy.program} is not installed here, so its configuration is not tested`, () => {});
}

function tellStory(proxy: Proxy): void {
  const stage = new Stage();
  before(() => stage.open(proxy));
  after(() => stage.releasers.releaseAll());
  tellOfGoodKeys(stage);
  tellOfRefusals(stage);
  tellOfCallersTricks(stage);
  tellOfRecords(stage);
  tellOfTheEnd(stage);
}

function tellOfGoodKeys(stage: Stage): void {
  test('with a good key the service learns whose it is', async () => {
    const { status, text } = await stage.ask('/v1/docs?page=2', stage.bearer('good'), 'PUT');
    assert.deepEqual([status, text], [200, 'served']);
    const [asked] = stage.served.splice(0);
    assert.equal(asked?.method, 'PUT');
    assert.equal(asked?.url, '/v1/docs?page=2');
    assert.match(String(asked?.headers['x-latchkey-key-id']), /^key_/);
    assert.match(String(asked?.headers['x-latchkey-request-id']), /^req_/);
    assert.equal(asked?.headers['x-latchkey-owner'], 'customer_7');
    assert.equal(asked?.headers['x-latchkey-permissions'], 'docs.read');
    assert.equal(asked?.headers['x-latchkey-credits'], '99');
    const meta = JSON.parse(String(asked?.headers['x-latchkey-meta']));
    assert.deepEqual(meta, { plan: 'größer\r\n😀' });
    assert.equal(asked?.headers['x-latchkey-root-key'], undefined);
  });

  test('the key may stand in a header or in basic authentication', async () => {
    const basic = Buffer.from(`me:${stage.keys.good}`).toString('base64');
    for (const headers of [{ 'x-api-key': stage.keys.good }, { authorization: `Basic ${basic}` }]) {
      assert.equal((await stage.ask('/v1', headers)).status, 200);
    }
    assert.equal((await stage.ask(`/v1?api_key=${stage.keys.good}`)).status, 200);
    stage.served.length = 0;
  });

  test('12 KB of cookies do not come between a good key and the service', async () => {
    // In pieces: no proxy here takes a single header as large as that.
    const cookies = { cookie: 'a='.padEnd(6000, 'x'), 'x-more': 'x'.repeat(6000) };
    const { status, text } = await stage.ask('/', { ...stage.bearer('good'), ...cookies });
    assert.deepEqual([status, text], [200, 'served']);
    stage.served.length = 0;
  });
}

function tellOfRefusals(stage: Stage): void {
  test('without a good key the caller reads 401 and how to ask', async () => {
    const missing = await stage.ask('/v1');
    assert.equal(missing.status, 401);
    assert.equal(missing.headers['x-latchkey-code'], 'MISSING_KEY');
    assert.match(String(missing.headers['www-authenticate']), /^Bearer .*, ApiKey .*, Basic /);
    assert.equal(missing.headers['cache-control'], 'no-store');
    assert.equal(JSON.parse(missing.text).error.code, 'MISSING_KEY');
    const disabled = await stage.ask('/v1', stage.bearer('disabled'));
    assert.equal(disabled.headers['x-latchkey-code'], 'DISABLED');
    const challenge = 'Bearer realm="api", error="invalid_token"';
    assert.equal(disabled.headers['www-authenticate'], challenge);
    assert.equal(JSON.parse(disabled.text).error.status, 401);
    assert.equal(stage.served.length, 0, 'the service was not asked');
  });

  test('what is not allowed is a 403 that says why', async () => {
    for (const [key, code] of [
      ['lacking', 'INSUFFICIENT_PERMISSIONS'],
      ['poor', 'USAGE_EXCEEDED'],
    ] as const) {
      const { status, headers, text } = await stage.ask('/v1', stage.bearer(key));
      assert.equal(status, 403);
      assert.equal(headers['x-latchkey-code'], code);
      assert.equal(headers['cache-control'], 'no-store');
      assert.equal(JSON.parse(text).error.code, code);
    }
    assert.equal(stage.served.length, 0, 'the service was not asked');
  });

  test('a rate limit is a 429 with Retry-After, after answers that count down', async () => {
    const remaining = async () => {
      const { headers } = await stage.ask('/v1', stage.bearer('limited'));
      return headers['ratelimit-remaining'];
    };
    assert.deepEqual([await remaining(), await remaining()], ['1', '0']);
    assert.equal(stage.served.splice(0).length, 2);
    const { status, headers, text } = await stage.ask('/v1', stage.bearer('limited'));
    assert.equal(status, 429);
    assert.equal(headers['x-latchkey-code'], 'RATE_LIMITED');
    assert.equal(headers['cache-control'], 'no-store');
    const seconds = Number(headers['retry-after']);
    assert.ok(seconds >= 1 && seconds <= 3601, `${seconds}`);
    assert.ok(Number(headers['ratelimit-reset']) <= seconds);
    assert.equal(JSON.parse(text).error.code, 'RATE_LIMITED');
    assert.equal(stage.served.length, 0, 'the service was not asked');
  });
}

function tellOfCallersTricks(stage: Stage): void {
  const names = ['key-id', 'owner', 'meta', 'permissions', 'credits', 'ratelimit-name', 'omitted'];
  const spoofed = Object.fromEntries(
    [...names, 'root-key', 'settings', 'code'].flatMap((name) => [
      [`x-latchkey-${name}`, 'spoofed'],
      [`X_Latchkey_${name.replaceAll('-', '_')}`, 'spoofed'],
    ]),
  );
  const made = {
    'x-latchkey-settings': 'cost=0',
    'x-forwarded-uri': '/spoofed',
    'x-original-uri': '/spoofed',
    'x-forwarded-method': 'SPOOF',
    'x-original-method': 'SPOOF',
  };

  test('headers that a caller makes up reach no service and weaken no check', async () => {
    const { status } = await stage.ask('/v1', { ...spoofed, ...stage.bearer('limited') });
    assert.equal(status, 429);
    const lacking = await stage.ask('/v1?permissions=&api=api_1', {
      ...{ ...spoofed, ...made, ...stage.bearer('lacking') },
    });
    assert.equal(lacking.status, 403);
    assert.equal(stage.served.length, 0);
    const good = await stage.ask('/tricks', { ...spoofed, ...made, ...stage.bearer('good') });
    assert.equal(good.status, 200);
    const [asked] = stage.served.splice(0);
    const told = Object.entries(asked?.headers ?? {}).filter(([name]) => /latchkey/i.test(name));
    assert.ok(told.length >= 5);
    assert.deepEqual(
      told.filter(([, value]) => value === 'spoofed' || value === 'cost=0'),
      [],
    );
  });
}

function tellOfRecords(stage: Stage): void {
  test('each verification is recorded with method, path and address of the caller', async () => {
    await allInserted(stage.server.adminUrl);
    const rows = await readRows<{ outcome: string; asked: string }>(
      stage.server.clickhouseUrl,
      `select outcome, concat(method, ' ', path, ' ', client_address) as asked
        from key_verifications_raw_v1 order by time`,
    );
    const outcomes = rows.map((row) => row.outcome);
    for (const outcome of ['VALID', 'DISABLED', 'USAGE_EXCEEDED', 'RATE_LIMITED']) {
      assert.ok(outcomes.includes(outcome), outcome);
    }
    assert.equal(rows[0]?.asked, 'PUT /v1/docs 127.0.0.1');
    const known = ['PUT /v1/docs 127.0.0.1', 'GET /v1 127.0.0.1', 'GET / 127.0.0.1'];
    const others = rows.map((row) => row.asked).filter((asked) => !known.includes(asked));
    assert.deepEqual(others, ['GET /tricks 127.0.0.1']);
  });
}

function tellOfTheEnd(stage: Stage): void {
  test('while Latchkey does not answer, nobody is let through', async () => {
    await stage.server.stop();
    const { status } = await stage.ask('/v1', stage.bearer('good'));
    assert.ok(status === 502 || status === 503, `${status}`);
    assert.equal(stage.served.length, 0, 'the service was not asked');
  });
}
