/** The product beside the runtime's ceiling, the floor in C, and what users would pick instead. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Releasers } from '../../src/lib/releasers.ts';
import { freePort } from '../support/free-port.ts';
import { readMetrics } from '../support/metrics.ts';
import type { MeasuredBars } from './bars.ts';
import { type Bench, compare } from './bench.ts';
import { databaseUrl } from './bench-world.ts';
import { startByHand } from './by-hand.ts';
import type { CeilingArguments } from './ceiling-server.ts';
import { startChildServer } from './child-server.ts';
import type { Contestant } from './contestant.ts';
import { startHaproxyMap } from './haproxy-map.ts';
import { runLoad } from './load.ts';
import { measureFloorLoop, startNativeFloor } from './native-floor.ts';
import { startNginxLua } from './nginx-lua.ts';
import { serverProcessor } from './processor.ts';
import { askOnce, itemText } from './product-requests.ts';
import { processorUs, ratio, throughputRatio } from './rounds.ts';
import { companionUs, settle } from './settle.ts';
import type { StandIn } from './stand-in.ts';
import { hasWrk, witnessRate } from './wrk-witness.ts';

export type RivalFigures = {
  bars: MeasuredBars;
  others: Record<string, string>;
  absent: string[];
  /** The runtime's ceiling, to be measured further. */
  ceiling: Contestant;
};

const ceilingPost = 'empty uWebSockets.js POST';
const ceilingGet = 'empty uWebSockets.js GET';
const floorName = 'the same job in C (floor)';

export async function measureRivals(bench: Bench, releasers: Releasers): Promise<RivalFigures> {
  const { product, say } = bench;
  say('── starting what the product is compared with');
  const ceiling = await startCeiling(bench, releasers);
  const floor = await startFloor(bench, releasers);
  const standIns = await startStandIns(bench, releasers);
  const present = standIns.filter((standIn) => standIn.present);
  const alone = { settle: () => settle(bench.node) };
  const rivals = present.map(({ contestant }) => contestant);
  const all = [ceiling.post, product.verify, floor, ...rivals];
  const posts = await compare(bench, 'One verification a request', all, alone);
  const gets = await compare(bench, 'Forward auth', [ceiling.get, product.forwardAuth], alone);
  const verify = product.verify.name;
  const nginx = present.find(({ contestant }) => contestant.name.startsWith('nginx'));
  return {
    ceiling: ceiling.post,
    bars: {
      ceiling: throughputRatio(posts, [verify, ceilingPost]),
      floor: { value: ratio(posts, [verify, floorName], processorUs) },
      ...(nginx && { nginx: throughputRatio(posts, [verify, nginx.contestant.name]) }),
      forwardAuth: throughputRatio(gets, [product.forwardAuth.name, ceilingGet]),
    },
    others: {
      'the floor in a loop, without HTTP': `${loopUs(bench).toFixed(2)} µs a verification`,
      ...(bench.plan.hasWitness && (await shipping(bench))),
      ...(bench.plan.hasWitness && (await witness(bench, [ceiling.post, product.verify, floor]))),
      ...Object.fromEntries(present.map(({ contestant, version }) => [contestant.name, version])),
    },
    absent: standIns.flatMap((standIn) =>
      standIn.present ? [] : [`${standIn.name} (${standIn.reason})`],
    ),
  };
}

async function startCeiling({ product }: Bench, releasers: Releasers) {
  const { verify, forwardAuth } = product;
  const posted = await askOnce(verify.port, verify.template);
  const got = await askOnce(forwardAuth.port, forwardAuth.template);
  // What forward auth tells in headers, the empty answer holds in its body.
  const getBytes = got.body.length + got.headBytes - posted.headBytes;
  const port = await freePort();
  const args: CeilingArguments = [String(port), String(posted.body.length), String(getBytes)];
  const server = await startChildServer({
    command: process.execPath,
    args: [join(import.meta.dirname, 'ceiling-server.ts'), ...args],
    processor: serverProcessor,
    port,
  });
  releasers.push('ceiling', server.stop);
  const own = { port, pids: () => [server.pid] };
  const post: Contestant = { ...verify, ...own, name: ceilingPost };
  const get: Contestant = { ...forwardAuth, ...own, name: ceilingGet };
  return { post, get };
}

async function startFloor({ world, folder, product }: Bench, releasers: Releasers) {
  const server = await startNativeFloor(world, join(folder, 'floor'));
  releasers.push('floor', server.stop);
  const own = { port: server.port, pids: () => [server.pid] };
  const contestant: Contestant = { ...product.verify, ...own, name: floorName };
  await mustAgree(contestant, product.verify);
  return contestant;
}

/** A floor that answers something else does another job. */
async function mustAgree(floor: Contestant, verify: Contestant): Promise<void> {
  const changing = /"(?:requestId|remaining|reset)":(?:"[^"]*"|\d+)/g;
  const answers = [floor, verify].map(async ({ port, template }) => {
    return (await askOnce(port, template)).body.replace(changing, '');
  });
  const [floors, products] = await Promise.all(answers);
  if (floors !== products) throw new Error(`the floor answers\n${floors}\nand not\n${products}`);
}

async function startStandIns(bench: Bench, releasers: Releasers): Promise<StandIn[]> {
  const { folder, world, product, say } = bench;
  const { body } = await askOnce(product.verify.port, product.verify.template);
  const context = {
    ...{ folder, keyCount: world.keyCount, answerBytes: body.length, rootKey: world.rootKey },
  };
  const standIns: StandIn[] = [];
  for (const start of [
    () => startNginxLua(context),
    () => startHaproxyMap(context),
    () => startByHand(context, databaseUrl(world.dataDir)),
  ]) {
    const standIn = await start();
    standIns.push(standIn);
    if (standIn.present) releasers.push(standIn.contestant.name, standIn.stop);
    else say(`absent: ${standIn.name} (${standIn.reason})`);
  }
  return standIns;
}

/** Long enough that what the stores take at rest does not count. */
const shippedSeconds = 1;

/** What an answer costs where nobody waits for it. */
async function shipping({ node, product, plan }: Bench): Promise<Record<string, string>> {
  const { connectionCount } = plan;
  const insertedCount = async () => {
    return (await readMetrics(node.adminUrl)).total('latchkey_events_inserted_total');
  };
  await settle(node);
  const before = { usedUs: companionUs(node), count: await insertedCount() };
  await runLoad(product.verify, { seconds: shippedSeconds, connectionCount, seed: 1 });
  await settle(node);
  const eventCount = (await insertedCount()) - before.count;
  const us = (companionUs(node) - before.usedUs) / eventCount;
  return { 'beside the worker, until its event is in ClickHouse': `${us.toFixed(1)} µs an event` };
}

/** How far wrk agrees. */
async function witness({ node, folder, plan }: Bench, contestants: readonly Contestant[]) {
  const { secondsPerRound: seconds, connectionCount } = plan;
  const texts: string[] = [];
  for (const contestant of hasWrk() ? contestants : []) {
    await settle(node);
    const rate = witnessRate(contestant, folder, { seconds, connectionCount });
    texts.push(`${contestant.name} ${Math.round(rate).toLocaleString('en')}`);
  }
  return { 'requests per second by wrk': texts.join('; ') || 'absent (apt-get install wrk)' };
}

function loopUs({ folder, world, plan }: Bench): number {
  const bodyFile = join(folder, 'body.json');
  writeFileSync(bodyFile, itemText);
  const { secondsPerRound: seconds } = plan;
  return measureFloorLoop(world, join(folder, 'floor-loop'), { bodyFile, seconds });
}
