/** Which state of which database a replica holds. Stored in the transaction that reached it. */
export type Watermark = {
  /** The three names of the database: any of them different means another history. */
  instanceId: string;
  systemIdentifier: string;
  timeline: number;
  /** The applied `pg_snapshot`, as text: exactly the transactions that are in the replica. */
  snapshot: string;
};

/** Whether `next` continues the history of `current`, so that changes can be applied on top. */
export function isSameHistory(current: Watermark, next: Omit<Watermark, 'snapshot'>): boolean {
  return (
    current.instanceId === next.instanceId &&
    current.systemIdentifier === next.systemIdentifier &&
    current.timeline === next.timeline
  );
}
