/**
 * Who may write under which seat of a table (see shared-words.ts). A seat belongs to one open table
 * of one living process. A killed process cannot give its seat back, so a seat whose owner is gone
 * is free: the owner is written down with the instant at which it started, because process numbers
 * come round again, in containers at every start.
 */
import { readFileSync } from 'node:fs';
import { assert } from '../lib/assert.ts';
import { seatCount, seatWords } from './shared-words.ts';
import { joinWord, wordHigh, wordLow } from './word.ts';

/** The seat's number; throws an AssertionFault if `seatCount` processes hold one. */
export function claimSeat(words: BigInt64Array, seatsAt: number): number {
  const self = joinWord(process.pid, startedAt(process.pid));
  for (let seat = 0; seat < seatCount; seat += 1) {
    const at = seatsAt + seat * seatWords;
    const owner = Atomics.load(words, at);
    if (isAlive(owner)) continue;
    if (Atomics.compareExchange(words, at, owner, self) === owner) return seat;
  }
  assert(false, 'more processes write to one table than it has seats');
}

export function releaseSeat(words: BigInt64Array, seatsAt: number, seat: number): void {
  Atomics.store(words, seatsAt + seat * seatWords, 0n);
}

function isAlive(owner: bigint): boolean {
  if (owner === 0n) return false;
  const pid = wordLow(owner);
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return wordHigh(owner) === startedAt(pid);
}

/** In clock ticks since the boot; 0 where the system has no /proc: there the number must do. */
function startedAt(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[19]) & 0x7fffffff;
  } catch {
    return 0;
  }
}
