import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { move } from './processor.ts';

const placesOf = (pid: number) =>
  /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];

test('what was moved to a processor goes back to where it was', (t) => {
  const child = spawn('sleep', ['60']);
  t.after(() => child.kill());
  const pid = child.pid as number;
  const before = placesOf(pid);
  const first = /^\d+/.exec(before ?? '')?.[0];
  const goBack = move(pid, Number(first));
  assert.equal(placesOf(pid), first);
  goBack();
  assert.equal(placesOf(pid), before);
});
