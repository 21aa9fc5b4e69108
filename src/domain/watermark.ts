/** Which state of which database a replica holds. Stored in the transaction that reached it. */
export type Watermark = {
  /** What the replica's documents look like and which kinds there are: `replicaFormat`. */
  format: number;
  /** The three names of the database: any of them different means another history. */
  instanceId: string;
  systemIdentifier: string;
  timeline: number;
  /** The applied `pg_snapshot`, as text: exactly the transactions that are in the replica. */
  snapshot: string;
};

/**
 * Raised with every change of what a replica holds: a kind of document, a field of a record. A node
 * whose replica was written by another version then copies everything anew.
 */
export const replicaFormat = 5;

/** Whether `next` continues the history of `current`, so that changes can be applied on top. */
export function isSameHistory(current: Watermark, next: Omit<Watermark, 'snapshot'>): boolean {
  return (
    current.format === next.format &&
    current.instanceId === next.instanceId &&
    current.systemIdentifier === next.systemIdentifier &&
    current.timeline === next.timeline
  );
}
