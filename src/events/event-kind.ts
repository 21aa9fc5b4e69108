import type { RowWriter } from './row-writer.ts';

/**
 * All that the river must know about one kind of event: how it is spooled and which row it becomes.
 * A new kind is one file that makes such a descriptor, and its entry in `eventKinds`.
 */
export type EventKind<Event> = {
  /** On disk in every frame: never reused. */
  readonly wireNumber: number;
  readonly name: string;
  readonly table: string;
  /** Of the insert, in the order in which `appendRow` writes them. */
  readonly columns: readonly string[];
  /** What is spooled. Append fields at the end only: spools outlive an upgrade. */
  fields(event: Event): readonly unknown[];
  /** Writes one row from spooled fields; throws when they cannot be a row. */
  appendRow(row: RowWriter, fields: readonly unknown[], node: NodeFacts): void;
};

/** Columns that are the same for all events of a node. */
export type NodeFacts = { region: string };

const latencyUsMax = 2 ** 32 - 1;

/** A latency as its column holds it: whole microseconds, 71 minutes at most. */
export function spooledLatencyUs(latencyUs: number): number {
  return Math.min(Math.round(latencyUs), latencyUsMax);
}
