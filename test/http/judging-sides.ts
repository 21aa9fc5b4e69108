/**
 * Two workers over one replica, without sockets: one decides with the native engine what that can
 * decide, the other everything in TypeScript. Each has counters, limits, credits and events of its
 * own; the limits of both are hashed with the same key.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { verifyKeyBody } from '../../src/contract/verify-key.ts';
import { verifyKeysEnvelope } from '../../src/contract/verify-keys.ts';
import type { VerificationEvent } from '../../src/domain/verification-event.ts';
import { openSpoolCounters } from '../../src/events/spool-counters.ts';
import { openSpoolFolder } from '../../src/events/spool-folder.ts';
import { createSpoolWriter } from '../../src/events/spool-writer.ts';
import { verificationKind } from '../../src/events/verification-kind.ts';
import type { Exchange } from '../../src/http/exchange.ts';
import {
  addJsonEndpoint,
  admittedWithoutQuota,
  type JsonEndpointOptions,
} from '../../src/http/json-endpoint.ts';
import type { JudgePorts } from '../../src/http/judge.ts';
import { quickVerifyBodies, quickVerifyBody } from '../../src/http/quick-body.ts';
import type { QuickVerifier } from '../../src/http/quick-verifier.ts';
import { viewOf } from '../../src/http/request-body.ts';
import { answerBatch, verifyManyQuickly } from '../../src/http/verify-batch-endpoint.ts';
import { answerVerification, verifyQuickly } from '../../src/http/verify-endpoint.ts';
import type { GenerationPage } from '../../src/keys/generation-page.ts';
import { openReplicaReader, type ReplicaReader } from '../../src/keys/replica-reader.ts';
import type { Releasers } from '../../src/lib/releasers.ts';
import { CreditTable } from '../../src/limits/credit-table.ts';
import { prepareCreditTable } from '../../src/limits/prepare-credit-table.ts';
import { gateAt } from '../../src/limits/window-layout.ts';
import { WindowTable } from '../../src/limits/window-table.ts';
import type { BodyBytes } from '../../src/native/engine.ts';
import { createWorkerCounters, type WorkerCounters } from '../../src/processes/worker-counters.ts';
import { openWorkerEngine } from '../../src/processes/worker-engine.ts';
import { CapturedApp } from './captured-app.ts';
import { SpoolTap } from './spool-tap.ts';
import { verifyKeyPath, verifyKeysPath } from './verification-requests.ts';

export type SideOptions = {
  folder: string;
  replicaPath: string;
  page: GenerationPage;
  clock: () => number;
  /** Of the spool of the side with the engine. */
  segmentBytes: number;
};

export type Side = {
  readonly app: CapturedApp;
  readonly counters: WorkerCounters;
  readonly windows: WindowTable;
  readonly credits: CreditTable;
  readonly lookup: ReplicaReader;
  /** As they were spooled, since the last call. */
  takeEvents(): (readonly unknown[])[];
};

/** What the engine did, and what it left. */
export type QuickCounts = {
  answered: number;
  declined: number;
  /** Of events that the segment did not take. */
  leftOver: number;
  /** Of the last list. */
  pieceCount: number;
};

type Parts = SideOptions & { counters: WorkerCounters; windows: WindowTable; credits: CreditTable };

function openParts(options: SideOptions, releasers: Releasers): Parts {
  const { folder } = options;
  const counters = createWorkerCounters(join(folder, 'counters'));
  releasers.push('counters', () => counters.close());
  const windows = new WindowTable(join(folder, 'windows'));
  releasers.push('windows', () => windows.close());
  prepareCreditTable(join(folder, 'credits'), 800);
  const credits = new CreditTable(join(folder, 'credits'));
  releasers.push('credits', () => credits.close());
  return { ...options, counters, windows, credits };
}

export function openPlainSide(options: SideOptions, releasers: Releasers): Side {
  const parts = openParts(options, releasers);
  const lookup = openReplicaReader(options.replicaPath, options.page);
  releasers.push('replica', () => lookup.close());
  const events: (readonly unknown[])[] = [];
  const app = openDoors(parts, {
    lookup,
    quick: undefined,
    spool: (event) => events.push(verificationKind.fields(event)),
  });
  return { ...parts, lookup, app, takeEvents: () => events.splice(0) };
}

export function openQuickSide(options: SideOptions, releasers: Releasers) {
  const { folder, segmentBytes, clock, page, replicaPath } = options;
  const parts = openParts(options, releasers);
  const { counters, windows: limits } = parts;
  const engine = openWorkerEngine({ generationPage: page, counters, limits }, releasers);
  assert.ok(engine, 'the native engine is not built: make -C native');
  const lookup = openReplicaReader(replicaPath, page, engine.onReplicaState);
  releasers.push('replica', () => lookup.close());
  const tap = new SpoolTap();
  const spoolFolder = join(folder, 'spool');
  openSpoolFolder(spoolFolder);
  const drops = openSpoolCounters(spoolFolder);
  releasers.push('drops', () => drops.close());
  const spool = createSpoolWriter({
    ...{ folder: spoolFolder, owner: 'quick', segmentBytes, segmentAgeMs: 60_000 },
    ...{ spoolBytesMax: 2 ** 30, clock, counters: drops },
    onSegment(words) {
      tap.follow(words);
      engine.onSegment(words);
    },
  });
  releasers.push('spool', () => spool.close());
  const counts: QuickCounts = { answered: 0, declined: 0, leftOver: 0, pieceCount: 0 };
  const verifier = engine.verifier(lookup, (event) => {
    counts.leftOver += 1;
    spool.appendPacked(verificationKind, event);
  });
  const quick = watched(verifier, counts, () => stateOf(parts, tap));
  const app = openDoors(parts, {
    ...{ lookup, quick },
    spool: (event) => spool.append(verificationKind, event),
  });
  const takeEvents = () => tap.takeEvents();
  return { ...parts, lookup, app, takeEvents, drops, counts, verifier };
}

export type QuickSide = ReturnType<typeof openQuickSide>;

/** All that a request could change; to be compared with what it is later. */
function stateOf({ counters, windows }: Parts, tap: SpoolTap): Buffer {
  const cells = Buffer.from(counters.verificationCells.cells.slice().buffer);
  const spool = Buffer.from(tap.header());
  return Buffer.concat([Buffer.from(windows.memory.buffer, gateAt(0) * 8), cells, spool]);
}

/** Sees to it that whatever is declined has changed nothing. */
function watched(quick: QuickVerifier, counts: QuickCounts, state: () => Buffer): QuickVerifier {
  const watching: Pick<QuickVerifier, 'verify' | 'canRead' | 'framed' | 'verifyMany'> = {
    verify(asked) {
      const before = state();
      const answered = quick.verify(asked);
      if (answered) counts.answered += 1;
      else {
        counts.declined += 1;
        assert.ok(before.equals(state()), 'a request that was declined has left a trace');
      }
      return answered;
    },
    canRead: (body) => quick.canRead(body),
    framed: (before, piece, behind) => quick.framed(before, piece, behind),
    verifyMany(asked, requestId, decide) {
      const pieces = quick.verifyMany(asked, requestId, (at) => {
        counts.declined += 1;
        counts.answered -= 1;
        return decide(at);
      });
      counts.answered += JSON.parse(viewOf(asked.body).toString()).length;
      counts.pieceCount = pieces.length;
      return pieces;
    },
  };
  return watching as QuickVerifier;
}

type Doors = {
  lookup: ReplicaReader;
  quick: QuickVerifier | undefined;
  spool: (event: VerificationEvent) => void;
};

function openDoors({ counters, windows, credits, clock }: Parts, doors: Doors): CapturedApp {
  const captured = new CapturedApp();
  const { lookup, quick } = doors;
  const stopwatch = () => performance.now();
  const ports: JudgePorts = {
    ...{ lookup, limits: windows, clock, stopwatch },
    credits: { spend: (keyId, cost) => credits.spend(keyId, cost), spendLeased },
    pepperOf: () => undefined,
    completeFirstUse: async () => {},
    record(event) {
      doors.spool(event);
      counters.countVerification(event.outcome, event.latencyUs);
    },
  };
  const traffic = { isDraining: false, inFlightCount: 0, connectionCount: 1, onAnswered() {} };
  const endpoint: JsonEndpointOptions = {
    ...{ routes: captured.routes, rootKeys: lookup, limits: windows, clock, stopwatch },
    ...{ traffic, bodyBytesMax: 2 ** 20 },
  };
  const one = { path: verifyKeyPath, body: verifyKeyBody, quickBody: quickVerifyBody };
  const verify = (exchange: Exchange, body: BodyBytes) =>
    quick ? verifyQuickly(quick, clock, { exchange, body }) : false;
  addJsonEndpoint(endpoint, { ...one, answerQuickly: verify }, (exchange, request) => {
    answerVerification(ports, exchange, request);
  });
  const many = { path: verifyKeysPath, body: verifyKeysEnvelope, quickBody: quickVerifyBodies };
  const verifyMany = (exchange: Exchange, body: BodyBytes) => {
    const principal = quick?.canRead(body) && admittedWithoutQuota(endpoint, exchange);
    if (!quick || !principal) return false;
    verifyManyQuickly(quick, ports, { exchange, principal, body });
    return true;
  };
  addJsonEndpoint(endpoint, { ...many, answerQuickly: verifyMany }, (exchange, request) => {
    void answerBatch(ports, exchange, request);
  });
  return captured;
}

/** Of some keys there is enough, of some too little, and of some nobody can tell. */
async function spendLeased(keyId: string, cost: number) {
  await new Promise(setImmediate);
  const kind = keyId.charCodeAt(keyId.length - 1) % 4;
  if (kind === 0) return undefined;
  if (kind === 1) return 'unlimited' as const;
  return { outcome: kind === 2 ? 'spent' : 'insufficient', left: 7 * cost } as const;
}
