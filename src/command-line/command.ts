import type { Terminal } from './terminal.ts';

export type Environment = Readonly<Record<string, string | undefined>>;
export type Flags = Readonly<Record<string, string | undefined>>;

export type Invocation = {
  /** What follows the name of the command. */
  words: readonly string[];
  flags: Flags;
  environment: Environment;
  terminal: Terminal;
};

export type FlagDescription = { name: string; kind: 'text' | 'switch'; text: string };

export type Command = {
  name: string;
  /** How it is called, after `latchkey`. */
  usage: string;
  summary: string;
  /** How many words may follow its name. */
  wordCountMax: number;
  flags: readonly FlagDescription[];
  /** The settings of the server may be given as flags too. */
  takesSettings: boolean;
  /** What --help tells, for a command that has more to tell than its flags. */
  help?(words: readonly string[]): string;
  /**
   * Resolves with the exit code. What it needs is imported here and not before: help, version and a
   * wrong call then take 0.16 s of CPU instead of 0.6.
   */
  run(invocation: Invocation): Promise<number>;
};

/** A mistake in how a command was called: exit code 2, and how to call it. */
export class UsageFault extends Error {
  override readonly name = 'UsageFault';
}
