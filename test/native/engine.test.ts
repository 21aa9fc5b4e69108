import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { keyHash } from '../../src/domain/key-hash.ts';
import type { ReplicaChange } from '../../src/keys/replica-change.ts';
import { refusals } from '../../src/native/engine.ts';
import { loadNative } from '../../src/native/native-module.ts';
import { plainRecord } from '../verify/small-world.ts';
import { askRandomBytes } from './random-bytes.ts';
import { nowMs, openTaughtEngine, smallWorkspace } from './taught-engine.ts';

const keys = ['key_1', 'key_2'].map((keyId): ReplicaChange => {
  const record = { ...plainRecord, keyId, name: 'ü "😀"', roleIds: [`role_${keyId}`] };
  return { kind: 'key', hash: keyHash(keyId), hashKind: 0, record };
});
const opened = await openTaughtEngine([...smallWorkspace(9, keyHash), ...keys]);
after(() => opened.close());
const { engine } = opened;
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text)).buffer;
const ask = (body: ArrayBuffer) => engine.verify(body, 'Bearer token_1', nowMs);

test('random bytes are answered or declined, whatever they are', () => {
  const tally = askRandomBytes(opened, 20_000, 7);
  assert.ok(tally.answered > 300, `${tally.answered} were answered`);
  assert.ok(tally.declined > 5000, `${tally.declined} were declined`);
  assert.ok(tally.proxied > 50, `${tally.proxied} were answers to proxies`);
  assert.ok(tally.listed > 500, `${tally.listed} were lists`);
});

test('a body of no bytes asks nothing, whatever was asked before', () => {
  const usual = { body: bytesOf('{"key":"key_1"}'), authorization: 'Bearer token_1', nowMs };
  assert.ok(opened.verifier.verify(usual));
  for (const empty of [new ArrayBuffer(0), bytesOf('')]) {
    assert.equal(ask(empty), refusals.unusual);
    assert.equal(engine.count(empty), 0);
  }
});

test('without a replica, or with an older one, nothing is answered until it is there', () => {
  const body = bytesOf('{"key":"key_1"}');
  assert.ok(ask(body) > 0);
  opened.page.raise({ touchesDocuments: false });
  assert.equal(ask(body), refusals.stale);
  assert.ok(opened.verifier.verify({ body, authorization: 'Bearer token_1', nowMs }));
  assert.ok(ask(body) > 0);
  engine.useReplica();
  assert.equal(ask(body), refusals.stale);
  assert.equal(opened.verifier.verify({ body, authorization: 'Bearer token_1', nowMs }), undefined);
});

test('what was built for another machine is not loaded, and that is no error', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-native-'));
  try {
    const path = join(folder, 'latchkey.node');
    writeFileSync(path, Buffer.from('\u007fELF of something else'));
    assert.equal(loadNative(path), undefined);
    assert.equal(loadNative(join(folder, 'absent.node')), undefined);
    assert.ok(loadNative());
  } finally {
    rmSync(folder, { recursive: true });
  }
});
