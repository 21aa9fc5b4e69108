/**
 * The kernel's threads that look whether pages are used (DAMON), for whoever wants memory back.
 * They clear a bit in the page tables for each page that was, and under a hypervisor with page
 * tables of its own each of these writes holds up whoever runs on another processor: a server took
 * 60 to 80 µs a request and not 15 for as long as a look lasted, 20 to 30 ms, twice a second. On
 * the server's own processor a look takes its time but nobody's pace. The p99 of an open loop of
 * 43,000 a second, ten rounds each in turn: 0.6 to 1.1 ms so, 0.9 to 16 with them on the driver's
 * processor, 0.6 to 11 where Linux puts them.
 */
import { processesNamed } from '../support/processes-over.ts';
import { canBeFirst } from './priority.ts';
import { move, serverProcessor } from './processor.ts';

/** Returns the way back. Does nothing for who may not, or where there are none. */
export function keepPageWatchersBesideNobody(): () => void {
  if (!canBeFirst()) return () => {};
  const waysBack = processesNamed('kdamond.').map((pid) => move(pid, serverProcessor));
  return () => {
    for (const goBack of waysBack) goBack();
  };
}
