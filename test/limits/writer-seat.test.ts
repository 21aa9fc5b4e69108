import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { seatCount, seatWords } from '../../src/limits/shared-words.ts';
import { joinWord } from '../../src/limits/word.ts';
import { claimSeat, releaseSeat } from '../../src/limits/writer-seat.ts';

test('two open tables have two seats, even in one process, and a released seat is free', () => {
  const words = new BigInt64Array(seatCount * seatWords);
  assert.deepEqual([claimSeat(words, 0), claimSeat(words, 0)], [0, 1]);
  releaseSeat(words, 0, 0);
  assert.equal(claimSeat(words, 0), 0);
});

test('the seat of a process that is gone is free', () => {
  const { pid } = spawnSync(process.execPath, ['--version']);
  const words = new BigInt64Array(seatCount * seatWords);
  words[0] = joinWord(pid, 12345);
  assert.equal(claimSeat(words, 0), 0);
});

test('the seat of a process whose number another process bears is free, if /proc tells', () => {
  const words = new BigInt64Array(seatCount * seatWords);
  words[0] = joinWord(process.pid, 1);
  assert.equal(claimSeat(words, 0), existsSync('/proc/self/stat') ? 0 : 1);
});

test('to want a seat when all are taken is a fault', () => {
  const words = new BigInt64Array(seatCount * seatWords);
  for (let seat = 0; seat < seatCount; seat += 1) claimSeat(words, 0);
  assert.throws(() => claimSeat(words, 0), { name: 'AssertionFault' });
});
