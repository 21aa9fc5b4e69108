/** What a command prints: for people on a terminal, or as JSON for machines with `--json`. */
import { styleText } from 'node:util';

export type Terminal = {
  isJson: boolean;
  /** Standard output, with a newline. */
  print(text: string): void;
  /** Standard error, with a newline. */
  complain(text: string): void;
  /** Whether anybody still reads standard output: `| head` stops when it has enough. */
  readonly hasReader: boolean;
  /** Columns of standard output; undefined when it is no terminal. */
  readonly width: number | undefined;
  /** On a terminal, a line of standard error that the next one replaces; empty: none any more. */
  progress(text: string): void;
};

export function createTerminal(isJson: boolean): Terminal {
  let hasReader = true;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    hasReader = false;
  });
  return {
    isJson,
    get hasReader() {
      return hasReader;
    },
    width: process.stdout.isTTY ? process.stdout.columns : undefined,
    print: (text) => void process.stdout.write(`${text}\n`),
    complain: (text) => void process.stderr.write(`${text}\n`),
    progress(text) {
      // A carriage return, and the end of what stood there.
      if (process.stderr.isTTY) process.stderr.write(`\r${text}\x1b[K`);
    },
  };
}

export type Tint = 'green' | 'red' | 'yellow' | 'bold' | 'dim';

/** Colour where standard output is a terminal that wants it; `NO_COLOR` is respected. */
export function tinted(tint: Tint, text: string): string {
  return styleText(tint, text, { stream: process.stdout });
}

/** Columns as wide as their longest cell, two spaces apart. */
export function tableText(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [tinted('bold', line(head)), ...rows.map(line)].join('\n');
}
