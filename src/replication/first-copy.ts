import { entityKinds } from '../domain/records.ts';
import type { Watermark } from '../domain/watermark.ts';
import type { ReplicaFill } from '../keys/replica-fill.ts';
import type { ReplicaWriter } from '../keys/replica-writer.ts';
import type { Logger } from '../lib/logger.ts';
import { identityStatements, joinIdentities } from './copy-identities.ts';
import { joinKeys, keyStatements } from './copy-keys.ts';
import { copySideBySide, type Source } from './copy-side-by-side.ts';
import { loadAllDocuments } from './load-documents.ts';

const progressEveryMs = 2000;

type Copy = { writer: ReplicaWriter; reached: Watermark; logger: Logger; clock: () => number };

/**
 * Copies every document of the transaction's snapshot into an empty replica; the watermark comes
 * last, so a copy that was cut off is recognised as unfinished and thrown away.
 */
export async function copyEverything(
  source: Source,
  { writer, reached, logger, clock }: Copy,
): Promise<void> {
  const startedAtMs = clock();
  const fill = writer.fill();
  try {
    const progress = new Progress(logger, clock);
    await readEverything(source, fill, progress);
    const { count } = progress;
    logger.info(
      { documents: count },
      `read ${count} documents from Postgres, putting them in order`,
    );
    await fill.finish(reached);
    const tookMs = clock() - startedAtMs;
    logger.info({ documents: count, tookMs }, `copied ${count} documents from Postgres`);
  } finally {
    fill.close();
  }
}

async function readEverything(
  source: Source,
  fill: ReplicaFill,
  progress: Progress,
): Promise<void> {
  await copySideBySide(source, keyStatements, async (rows) => {
    for await (const count of joinKeys(rows, (key) => fill.addKey(key))) progress.add(count);
  });
  await copySideBySide(source, identityStatements, async (rows) => {
    for await (const changes of joinIdentities(rows)) {
      fill.add(changes);
      progress.add(changes.length);
    }
  });
  for (const kind of entityKinds) {
    if (kind === 'key' || kind === 'identity') continue;
    for await (const changes of loadAllDocuments(source.transaction, kind)) {
      fill.add(changes);
      progress.add(changes.length);
    }
  }
}

class Progress {
  count = 0;
  readonly #logger: Logger;
  readonly #clock: () => number;
  #saidAtMs: number;

  constructor(logger: Logger, clock: () => number) {
    this.#logger = logger;
    this.#clock = clock;
    this.#saidAtMs = clock();
  }

  add(count: number): void {
    this.count += count;
    if (this.#clock() - this.#saidAtMs < progressEveryMs) return;
    this.#saidAtMs = this.#clock();
    this.#logger.info(
      { documents: this.count },
      `copying from Postgres: ${this.count} documents so far`,
    );
  }
}
