/** Asks a native engine with bytes of every kind: whatever they are, it answers or declines. */
import assert from 'node:assert/strict';
import { viewOf } from '../../src/http/request-body.ts';
import { refusals, statusAt } from '../../src/native/engine.ts';
import { createRandom } from '../support/random.ts';
import { nowMs, type TaughtEngine } from './taught-engine.ts';

export type Tally = {
  answered: number;
  declined: number;
  /** Of lists that could be read. */
  listed: number;
  /** Answers to proxies. */
  proxied: number;
};

type Pick = <T>(from: readonly T[]) => T;

/** Of which bodies are made. */
const pieces = [
  ...['{"key":"', '","permissions":"', '"}', '[', ']', ',', '"', '\\', '{', '}', ':', ' ', ''],
  ...['key_1', 'key_2', 'unknown', 'read AND write', 'é', '😀', '\u0000', '{"key":"key_1"}'],
  ...['{"key":"key_1","permissions":"read"}', '[{"key":"key_1"}', ',{"key":"key_2"}', '\uffff'],
  ...['x'.repeat(511), 'x'.repeat(512), 'x'.repeat(513), 'y'.repeat(1000), 'y'.repeat(1001)],
];
const usual = [
  ...['{"key":"key_1"}', '{"key":"key_2","permissions":"read AND (write OR admin)"}'],
  ...['[{"key":"key_1"},{"key":"key_2","permissions":"read"},{"key":"unknown"}]'],
  `[${Array(300).fill('{"key":"key_1"}').join(',')}]`,
];
const headers = [
  ...['Bearer token_1', 'Bearer token_1', 'Bearer token_1', 'Bearer token_7', 'Bearer ', ''],
  ...['Bearer token_1 ', 'bearer token_1', `Bearer ${'x'.repeat(503)}`, 'x'.repeat(511)],
  ...[`Bearer ${'x'.repeat(504)}`, 'x'.repeat(512), 'x'.repeat(100_000), 'Bearer \u0141\u0142'],
  ...['Bearer token_1\u0000', '\ud800', 'Bearer é', '😀'.repeat(256)],
];
const instants = [nowMs, nowMs, nowMs, 0, -1, Number.NaN, Infinity, 2 ** 53, 1e300, 0.5];

const proxyTexts = [
  ...['', 'token_1', 'token_1', 'api_1', 'key_1', 'key_1', 'key_2', 'read', 'GET', '/a?key_1=1'],
  ...['é', '😀'.repeat(260), '\ud800', '\u0000', 'x'.repeat(1023), 'x'.repeat(1024), '192.0.2.1'],
  ...['x'.repeat(1027), 'x'.repeat(1028), 'x'.repeat(1029), 'y'.repeat(100_000), 'api_gone'],
];

export function askRandomBytes(to: TaughtEngine, count: number, seed: number): Tally {
  const random = createRandom(seed);
  const below = (bound: number) => Math.floor(random() * bound);
  const pick: Pick = (from) => from[below(from.length)] as (typeof from)[number];
  const tally: Tally = { answered: 0, declined: 0, listed: 0, proxied: 0 };

  function bytes(): Buffer {
    const kind = below(10);
    if (kind === 0) return Buffer.from(Array.from({ length: below(200) }, () => below(256)));
    if (kind < 4)
      return Buffer.from(Array.from({ length: below(12) }, () => pick(pieces)).join(''));
    const found = Buffer.from(pick(usual));
    if (kind < 6) return found;
    for (let change = 0; change <= below(3); change += 1) found[below(found.length)] = below(256);
    return found.subarray(0, below(8) === 0 ? below(found.length + 1) : found.length);
  }

  for (let round = 0; round < count; round += 1) {
    // A buffer of exactly this size: who reads on behind it is found out.
    const body = new Uint8Array(bytes()).buffer;
    askOne(to, tally, { body, authorization: pick(headers), nowMs: pick(instants) });
    if (below(5) === 0) askParts(to, body, below(body.byteLength + 1));
    if (below(5) === 0) askAsProxy(to, tally, pick);
  }
  return tally;
}

type Asked = Parameters<TaughtEngine['verifier']['verify']>[0];

function askOne(to: TaughtEngine, tally: Tally, asked: Asked): void {
  const { engine, teacher, verifier } = to;
  const answered = verifier.verify(asked);
  if (answered) tally.answered += 1;
  else tally.declined += 1;
  if (answered) assert.ok(Buffer.from(answered).toString('latin1', 0, 22).startsWith('{"meta":'));
  if (engine.count(asked.body) === 0) return;
  tally.listed += 1;
  const text = viewOf(asked.body).toString('latin1');
  verifier.verifyMany(asked, 'req_123456789', (at) => {
    assert.ok(at > 0 && at < text.length);
    const end = text.indexOf('"}', at) + 2;
    return { piece: Buffer.from('null'), end: end + 1 };
  });
  teacher.teach(refusals.stale, asked.authorization, nowMs);
}

/** What nobody asks: a list that cannot be read, from the midst of it. */
function askParts({ engine }: TaughtEngine, body: ArrayBuffer, at: number): void {
  engine.verifyMany(body, at, 'Bearer token_1', 'req_123456789', nowMs);
  const bodyAt = engine.status[statusAt.bodyAt] as number;
  assert.ok(bodyAt >= 0 && bodyAt <= body.byteLength + 1);
}

/** Of a caller who is mostly known, about a request that is mostly odd. */
function askAsProxy({ verifier }: TaughtEngine, tally: Tally, pick: Pick): void {
  const text = () => pick(proxyTexts);
  const answered = verifier.verifyProxy({
    terms: {
      ...{ apiId: pick(['', 'api_1', text()]), isOpen: false },
      permissions: pick(['', '', text()]),
    },
    ...{ rootKey: pick(['token_1', text()]), key: pick(['key_1', text()]), nowMs: pick(instants) },
    original: { method: text(), path: text(), query: '', clientAddress: text() },
  });
  if (!answered) return;
  tally.proxied += 1;
  assert.equal(Buffer.from(answered.body).toString('latin1', 0, 8), '{"meta":');
}
