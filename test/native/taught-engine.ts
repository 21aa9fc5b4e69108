/** A native engine with a replica of its own, and what TypeScript answers over the same replica. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keyLengthMax, permissionsLengthMax } from '../../src/contract/verify-key.ts';
import { verificationsMax } from '../../src/contract/verify-keys.ts';
import { createSegment } from '../../src/events/segment.ts';
import { answerOfJson } from '../../src/http/answers.ts';
import { authenticate, isFault } from '../../src/http/authentication.ts';
import { QuickTeacher } from '../../src/http/quick-teacher.ts';
import { QuickVerifier } from '../../src/http/quick-verifier.ts';
import { verifyResultJson } from '../../src/http/verify-answer.ts';
import { openGenerationPage } from '../../src/keys/generation-page.ts';
import type { ReplicaChange } from '../../src/keys/replica-change.ts';
import { openReplicaReader } from '../../src/keys/replica-reader.ts';
import { openReplicaWriter } from '../../src/keys/replica-writer.ts';
import { mapFile } from '../../src/lib/mapped-file.ts';
import { createReleasers } from '../../src/lib/releasers.ts';
import { prepareWindowTable } from '../../src/limits/prepare-window-table.ts';
import { WindowTable } from '../../src/limits/window-table.ts';
import { createEngine, type Engine } from '../../src/native/engine.ts';
import { createWorkerCounters } from '../../src/processes/worker-counters.ts';
import { verifyKey } from '../../src/verify/verify-key.ts';

export const nowMs = 4_000_000_000_000;

/** How often the engine was told what, and how often all of it was forgotten. */
export type Lessons = { rootKeys: number; traits: number; queries: number; forgotten: number };

export type Question = { key: string; permissions?: string };

type Releasers = ReturnType<typeof createReleasers>;

async function openReplica(changes: readonly ReplicaChange[], releasers: Releasers) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-taught-'));
  releasers.push('folder', () => rmSync(folder, { recursive: true }));
  const page = openGenerationPage(join(folder, 'generations'));
  releasers.push('page', () => page.close());
  const writer = openReplicaWriter(join(folder, 'replica.mdb'));
  releasers.push('writer', () => writer.close());
  await writer.apply(changes);
  return { folder, page, path: writer.path };
}

function openCounting(folder: string, releasers: Releasers) {
  mkdirSync(folder);
  const counters = createWorkerCounters(join(folder, 'counters'));
  releasers.push('counters', () => counters.close());
  prepareWindowTable(join(folder, 'windows'), 700, nowMs);
  const limits = new WindowTable(join(folder, 'windows'));
  releasers.push('limits', () => limits.close());
  return { counters: counters.verificationCells, windows: limits.memory, limits };
}

/** Without limits or credits of any key. */
export async function openTaughtEngine(changes: readonly ReplicaChange[]) {
  const releasers = createReleasers();
  const { folder, page, path } = await openReplica(changes, releasers);
  const bounds = { keyLengthMax, permissionsLengthMax, verificationsMax };
  const counting = openCounting(join(folder, 'quick'), releasers);
  const created = createEngine({ ...counting, generation: page.replicaWord, bounds });
  assert.ok(created, 'the native engine is not built: make -C native');
  releasers.push('engine', () => created.close());
  const lessons: Lessons = { rootKeys: 0, traits: 0, queries: 0, forgotten: 0 };
  const engine = watched(created, lessons);
  const replica = openReplicaReader(path, page, (state) => {
    if (!state) engine.useReplica();
    else engine.useReplica(state.file, state.keysRoot, state.identitiesRoot, state.generation);
  });
  releasers.push('replica', () => replica.close());
  const teacher = new QuickTeacher(engine, {
    ...replica,
    api: (apiId) => replica.find('api', apiId),
    workspace: (workspaceId) => replica.find('workspace', workspaceId),
  });
  const segment = createSegment(mapFile(join(folder, 'segment'), 2 ** 20));
  releasers.push('segment', () => segment.seal());
  engine.useSegment(segment.words);
  const plain = openCounting(join(folder, 'plain'), releasers);

  return {
    ...{ engine, lessons, teacher, verifier: new QuickVerifier(engine, teacher, () => {}) },
    page,
    expected(authorization: string, question: Question, requestId: string): string {
      const principal = authenticate(authorization, replica, nowMs);
      assert.ok(!isFault(principal));
      const decision = verifyKey(principal, question, {
        ...{ lookup: replica, limits: plain.limits, nowMs, acceptsPending: false },
        credits: { spend: () => assert.fail('the key has no credits') },
        pepperOf: () => undefined,
        callerAddress: () => '',
      });
      assert.ok(decision.kind === 'verdict');
      return answerOfJson(requestId, verifyResultJson(decision.verdict));
    },
    close: () => releasers.releaseAll(),
  };
}

export type TaughtEngine = Awaited<ReturnType<typeof openTaughtEngine>>;

function watched(engine: Engine, lessons: Lessons): Engine {
  return {
    ...engine,
    learnRootKey(...rootKey) {
      lessons.rootKeys += 1;
      return engine.learnRootKey(...rootKey);
    },
    learnTraits(text, ...meaning) {
      lessons.traits += 1;
      return engine.learnTraits(text, ...meaning);
    },
    learnQuery(traits, query, isSatisfied) {
      lessons.queries += 1;
      return engine.learnQuery(traits, query, isSatisfied);
    },
    forget() {
      lessons.forgotten += 1;
      engine.forget();
    },
  };
}

/** One workspace with an API, and root keys `token_<number>` that may verify its keys. */
export function smallWorkspace(rootKeyCount: number, hashOf: (text: string) => Buffer) {
  const changes: ReplicaChange[] = [
    {
      ...{ kind: 'workspace', id: 'ws_1' },
      record: {
        ...{ workspaceId: 'ws_1', isEnabled: true },
        ...{ requestsPerMinuteMax: null, hasImports: false },
      },
    },
    {
      ...{ kind: 'api', id: 'api_1' },
      record: {
        ...{ apiId: 'api_1', workspaceId: 'ws_1', keyspaceId: 'ks_1' },
        ...{ name: '', allowedAddresses: '' },
      },
    },
  ];
  for (let number = 0; number < rootKeyCount; number += 1) {
    const rootKeyId = `root_${number}`;
    const permissions = [number % 7 === 0 ? 'api.*.read_key' : 'api.api_1.verify_key'];
    const record = { rootKeyId, workspaceId: 'ws_1', isEnabled: true, expiresAtMs: 0, permissions };
    changes.push({ kind: 'rootKey', id: rootKeyId, hash: hashOf(`token_${number}`), record });
  }
  return changes;
}
