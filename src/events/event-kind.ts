import type { RowWriter } from './row-writer.ts';

/**
 * All that the river must know about one kind of event: how it is spooled and which row it becomes.
 * A new kind is one file that makes such a descriptor, and its entry in `eventKinds`.
 */
export type EventKind<Event> = {
  /** On disk in every frame: never reused. */
  readonly wireNumber: number;
  readonly name: string;
  /** What is spooled. Append fields at the end only: spools outlive an upgrade. */
  fields(event: Event): readonly unknown[];
  /** Which rows can be inserted together: the same text for them. Empty where all can. */
  targetOf(fields: readonly unknown[]): string;
  /** False where the target is always empty: then nobody has to ask. */
  readonly hasTargets: boolean;
  /** How the rows of a target are inserted. */
  insertInto(target: string): InsertTarget;
  /** Writes one row from spooled fields; throws when they cannot be a row. */
  appendRow(row: RowWriter, fields: readonly unknown[], node: NodeFacts): void;
};

export type InsertTarget = {
  table: string;
  /** `INSERT INTO … FORMAT …`, without the rows. */
  statement: string;
  settings: Readonly<Record<string, string>>;
  /** What stands before the first row; empty for most formats. */
  head: string;
  /** Whether somebody else has made the statement: what is wrong with it is the rows' fault. */
  isForeign: boolean;
};

/** For a table of our own; the columns in the order in which `appendRow` writes them. */
export function ownTable(table: string, columns: readonly string[]): InsertTarget {
  const statement = `INSERT INTO ${table} (${columns.join(', ')}) FORMAT RowBinary`;
  return { table, statement, settings: {}, head: '', isForeign: false };
}

/** Columns that are the same for all events of a node. */
export type NodeFacts = { region: string };

const latencyUsMax = 2 ** 32 - 1;

/** A latency as its column holds it: whole microseconds, 71 minutes at most. */
export function spooledLatencyUs(latencyUs: number): number {
  return Math.min(Math.round(latencyUs), latencyUsMax);
}
