/**
 * What the product does beside its worker (it ships events, ClickHouse merges them) runs on the
 * driver's processor and goes on after the worker's last answer: whoever is measured next must not
 * pay for it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { readMetrics } from '../support/metrics.ts';
import { processorTime } from './processor.ts';
import type { ProductNode } from './product-node.ts';

const lookEveryMs = 50;
const lookedAtForMs = 200;
/** Of a processor; the stores alone take some 2 % of one. */
const quietShareMax = 0.15;
/** To copy the last uses of ten million keys takes minutes. */
const settleWithinMs = 600_000;

/** How many events each had accepted when it was last at rest. */
const acceptedAtRest = new WeakMap<ProductNode, number>();

/**
 * Resolves when all events are in ClickHouse and primary and stores are at rest: at once where
 * nobody was asked since they last were. Nobody is measured meanwhile: until then they have all
 * processors.
 */
export async function settle(node: ProductNode): Promise<void> {
  const accepted = await metricOf(node, 'latchkey_events_accepted_total');
  if (acceptedAtRest.get(node) === accepted) return;
  node.shipEvents();
  await node.whileSpread(() => atRest(node));
  acceptedAtRest.set(node, accepted);
}

async function atRest(node: ProductNode): Promise<void> {
  const startedAtMs = performance.now();
  const looks = [look(node)];
  for (;;) {
    await sleep(lookEveryMs);
    const [now, before] = [look(node), looks[0] as Look];
    looks.push(now);
    const spentMs = now.atMs - before.atMs;
    if (spentMs < lookedAtForMs) continue;
    const share = (now.usedUs - before.usedUs) / 1000 / spentMs;
    if (share <= quietShareMax && (await metricOf(node, 'latchkey_spool_events')) === 0) return;
    looks.shift();
    if (now.atMs - startedAtMs > settleWithinMs) {
      throw new Error(`primary and stores are not at rest within ${settleWithinMs} ms`);
    }
  }
}

type Look = { atMs: number; usedUs: number };

function look(node: ProductNode): Look {
  return { atMs: performance.now(), usedUs: companionUs(node) };
}

/** Processor time up to now of all that the product runs beside its workers. */
export function companionUs(node: ProductNode): number {
  const { userMs, systemMs } = processorTime(node.companionPids());
  return (userMs + systemMs) * 1000;
}

async function metricOf(node: ProductNode, name: string): Promise<number> {
  return (await readMetrics(node.adminUrl)).total(name);
}
