/** The product beside the runtime's ceiling, the floor in C, and what users would pick instead. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Releasers } from '../../src/lib/releasers.ts';
import { freePort } from '../support/free-port.ts';
import type { MeasuredBars } from './bars.ts';
import { type Bench, compare } from './bench.ts';
import { databaseUrl } from './bench-world.ts';
import { startByHand } from './by-hand.ts';
import type { CeilingArguments } from './ceiling-server.ts';
import { startChildServer } from './child-server.ts';
import type { Contestant } from './contestant.ts';
import { startHaproxyMap } from './haproxy-map.ts';
import { measureFloorLoop, startNativeFloor } from './native-floor.ts';
import { startNginxLua } from './nginx-lua.ts';
import { serverProcessor } from './processor.ts';
import { askOnce, itemText } from './product-requests.ts';
import { processorUs, ratio, throughput } from './rounds.ts';
import type { StandIn } from './stand-in.ts';
import { witnessRates } from './wrk-witness.ts';

export type RivalFigures = { bars: MeasuredBars; others: Record<string, string>; absent: string[] };

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
  const posts = await compare(bench, 'One verification a request', [
    ceiling.post,
    product.verify,
    floor,
    ...present.map(({ contestant }) => contestant),
  ]);
  const gets = await compare(bench, 'Forward auth', [ceiling.get, product.forwardAuth]);
  const verify = product.verify.name;
  const nginx = present.find(({ contestant }) => contestant.name.startsWith('nginx'));
  const againstNginx = nginx && ratio(posts, [verify, nginx.contestant.name], throughput);
  return {
    bars: {
      ceiling: { value: ratio(posts, [verify, ceilingPost], throughput) },
      floor: { value: ratio(posts, [verify, floorName], processorUs) },
      ...(againstNginx !== undefined && { nginx: { value: againstNginx } }),
      forwardAuth: { value: ratio(gets, [product.forwardAuth.name, ceilingGet], throughput) },
    },
    others: {
      'the floor in a loop, without HTTP': `${loopUs(bench).toFixed(2)} µs a verification`,
      ...witness(bench, [ceiling.post, product.verify, floor]),
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

/** How far wrk agrees. */
function witness({ folder, plan }: Bench, contestants: readonly Contestant[]) {
  const { secondsPerRound: seconds, connectionCount } = plan;
  const rates = witnessRates(contestants, folder, { seconds, connectionCount });
  const texts = rates?.map((rate, index) => {
    return `${contestants[index]?.name} ${Math.round(rate).toLocaleString('en')}`;
  });
  return { 'requests per second by wrk': texts?.join('; ') ?? 'absent (apt-get install wrk)' };
}

function loopUs({ folder, world, plan }: Bench): number {
  const bodyFile = join(folder, 'body.json');
  writeFileSync(bodyFile, itemText);
  const { secondsPerRound: seconds } = plan;
  return measureFloorLoop(world, join(folder, 'floor-loop'), { bodyFile, seconds });
}
