/** Lists: one page, or with --all page after page. */
import { type Answer, callServer } from './call-server.ts';
import { rowsText } from './result-text.ts';
import type { Server } from './server-profile.ts';
import type { Terminal } from './terminal.ts';

export type Listing = {
  server: Server;
  /** Of the call. */
  name: string;
  body: object;
  columns: readonly string[];
  isAll: boolean;
};

type Row = Record<string, unknown>;

/** What no person reads to its end is not held in memory for a table either. */
const tableRowsMax = 10_000;

/** Resolves with the exit code. */
export async function printPages(listing: Listing, terminal: Terminal): Promise<number> {
  if (listing.isAll) await printAll(listing, terminal);
  else await printOne(listing, terminal);
  return 0;
}

async function printOne(
  { server, name, body, columns }: Listing,
  terminal: Terminal,
): Promise<void> {
  const { answer } = await callServer(server, name, body);
  if (terminal.isJson) {
    terminal.print(JSON.stringify(answer));
    return;
  }
  terminal.print(rowsText(columns, rowsOf(answer)));
  const { cursor } = answer.pagination ?? {};
  if (cursor !== undefined) terminal.complain(`There is more: --cursor '${cursor}', or --all.`);
}

/** Rows as JSON are printed as they come; a table is printed when its columns are known. */
async function printAll(listing: Listing, terminal: Terminal): Promise<void> {
  const rows: Row[] = [];
  let rowCount = 0;
  for await (const page of pages(listing)) {
    rowCount += page.length;
    if (terminal.isJson) for (const row of page) terminal.print(JSON.stringify(row));
    else {
      rows.push(...page);
      if (rows.length > tableRowsMax) {
        terminal.complain(`The first ${tableRowsMax} rows; --all --json prints every one.`);
        rows.length = tableRowsMax;
        break;
      }
    }
    if (!terminal.hasReader) break;
    terminal.progress(`${rowCount} rows …`);
  }
  terminal.progress('');
  if (!terminal.isJson) terminal.print(rowsText(listing.columns, rows));
}

async function* pages({ server, name, body }: Listing): AsyncGenerator<Row[]> {
  let cursor: string | undefined;
  do {
    const { answer } = await callServer(server, name, { ...body, ...(cursor && { cursor }) });
    yield rowsOf(answer);
    cursor = answer.pagination?.cursor;
  } while (cursor !== undefined);
}

function rowsOf({ data }: Answer): Row[] {
  return Array.isArray(data) ? data : [];
}
