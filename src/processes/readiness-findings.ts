import type { Replicator } from '../replication/replicator.ts';
import type { EventsRiver } from './events-river.ts';
import type { ConditionName, Finding } from './readiness.ts';

export type Observed = {
  replicator: Replicator;
  events: EventsRiver;
  worker: () => { listeningCount: number; configuredCount: number };
  clock: () => number;
};

/** What each condition looks at. Only what a verification needs is required. */
export function readinessFindings(observed: Observed): Record<ConditionName, () => Finding> {
  const { replicator, events, worker, clock } = observed;
  return {
    postgres() {
      const { isConnected, problem, syncedAtMs } = replicator.status();
      const age = syncedAtMs === 0 ? '' : `, synced ${secondsSince(syncedAtMs, clock())} s ago`;
      const detail = `${problem || 'not reached yet'}: changes cannot be made or followed${age}`;
      return finding(isConnected, false, detail);
    },
    replica() {
      return finding(replicator.status().hasCopy, true, 'no copy of the keys yet');
    },
    clickhouse() {
      const problem = events.problem();
      return finding(problem === '', false, `${problem}: events are being spooled`);
    },
    spool() {
      const { droppedRows } = events.shipper.totals();
      const reasons = Object.entries(droppedRows).filter(([, count]) => count > 0);
      const detail = reasons.map(([reason, count]) => `${count} ${reason}`).join(', ');
      return finding(reasons.length === 0, false, `events were dropped: ${detail}`);
    },
    workers() {
      const { listeningCount, configuredCount } = worker();
      const isMet = listeningCount === configuredCount;
      const detail = `${listeningCount} of ${configuredCount} listen`;
      return finding(isMet, listeningCount === 0, detail);
    },
  };
}

function finding(isMet: boolean, isRequired: boolean, detail: string): Finding {
  return { isMet, isRequired, detail: isMet ? '' : detail };
}

function secondsSince(thenMs: number, nowMs: number): number {
  return Math.max(0, Math.round((nowMs - thenMs) / 1000));
}
