/** What the product is asked, door by door, and what it answers: others answer as many bytes. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { BenchWorld } from './bench-world.ts';
import { benchKey, type Contestant, writeTemplate } from './contestant.ts';
import type { ProductNode } from './product-node.ts';
import { heldSlugs } from './seed-statements.ts';

const batchSize = 100;
/** Of a round's seconds: a second of batches leaves the stores half a million events. */
export const batchShare = 0.6;
const query = heldSlugs.join(' AND ');
export const itemText = JSON.stringify({ key: '{key}', permissions: query });

export type ProductTemplates = Record<'verify' | 'batch' | 'forwardAuth', string>;

export function writeProductTemplates(folder: string, { rootKey }: BenchWorld): ProductTemplates {
  const headers = [`Authorization: Bearer ${rootKey}`];
  const batch = `[${Array.from({ length: batchSize }, () => itemText).join(',')}]`;
  const line = (name: string) => `POST /v2/${name}`;
  const settings = `key=header:x-api-key&permissions=${encodeURIComponent(query)}`;
  return {
    verify: writeTemplate(folder, 'verify', {
      line: line('keys.verifyKey'),
      headers,
      body: itemText,
    }),
    batch: writeTemplate(folder, 'batch', { line: line('keys.verifyKeys'), headers, body: batch }),
    forwardAuth: writeTemplate(folder, 'forward-auth', {
      line: `GET /forward-auth?${settings}`,
      headers: [
        `X-Latchkey-Root-Key: ${rootKey}`,
        'X-Api-Key: {key}',
        'X-Forwarded-For: 192.0.2.1',
        'X-Forwarded-Method: GET',
        'X-Forwarded-Uri: /v1/documents/17',
      ],
    }),
  };
}

export type ProductContestants = Record<
  'verify' | 'unknown' | 'zipf' | 'batch' | 'forwardAuth',
  Contestant
>;

export function productContestants(
  node: ProductNode,
  world: BenchWorld,
  templates: ProductTemplates,
): ProductContestants {
  const pids = node.workerPids();
  const verify: Contestant = {
    name: 'verifyKey',
    port: node.port,
    pids: () => pids,
    template: templates.verify,
    expected: '"code":"VALID"',
    keysPerRequest: 1,
    warmUpKeyCount: 100_000,
    mix: 'uniform',
    keyCount: world.keyCount,
  };
  return {
    verify,
    zipf: { ...verify, name: 'verifyKey, Zipf', mix: 'zipf' },
    unknown: {
      ...verify,
      ...{ name: 'verifyKey, unknown keys', mix: 'unknown', expected: '"code":"NOT_FOUND"' },
    },
    batch: {
      ...verify,
      name: `verifyKeys, ${batchSize} keys a batch`,
      template: templates.batch,
      keysPerRequest: batchSize,
      share: batchShare,
    },
    forwardAuth: { ...verify, name: 'forward auth', template: templates.forwardAuth },
  };
}

export type WholeAnswer = { headBytes: number; body: string };

/** Sends a template with the first key, and gives what came back. */
export async function askOnce(port: number, template: string): Promise<WholeAnswer> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.setEncoding('latin1').on('data', (text) => {
    received += text;
    const headEnd = received.indexOf('\r\n\r\n') + 4;
    const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0);
    if (headEnd > 4 && received.length >= headEnd + length) socket.destroy();
  });
  socket.write(readFileSync(template, 'utf8').replaceAll('{key}', benchKey(1)));
  await once(socket, 'close');
  const headEnd = received.indexOf('\r\n\r\n') + 4;
  return { headBytes: headEnd, body: received.slice(headEnd) };
}
