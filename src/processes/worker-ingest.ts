/** The part of a worker that takes rows of services around us. */
import { createIngest, type Ingest } from '../events/ingest.ts';
import { readIngestAccess } from '../events/ingest-access.ts';
import { ingestKind } from '../events/ingest-kind.ts';
import { payloadBytesMax } from '../events/segment.ts';
import { openSpoolCounters } from '../events/spool-counters.ts';
import { createSpoolWriter } from '../events/spool-writer.ts';
import type { Releasers } from '../lib/releasers.ts';
import { nodeFiles } from './node-files.ts';
import type { WorkerOptions } from './worker-options.ts';

/** Twice the usual largest body: that is spooled as one piece then. */
const segmentBytes = 8 * 2 ** 20;
const segmentAgeMs = 1000;
/** For the table, its columns and the line of their names, which go with the rows. */
const targetBytesMax = 128 * 1024;

/** Undefined when nobody may insert. */
export function openWorkerIngest(
  { settings, send }: WorkerOptions,
  releasers: Releasers,
): Ingest | undefined {
  if (settings.ingestUsersFile === '') return undefined;
  const folder = nodeFiles(settings.dataDir).ingest;
  const spool = createSpoolWriter({
    folder,
    owner: settings.owner,
    segmentBytes,
    segmentAgeMs,
    spoolBytesMax: settings.ingestBytesMax,
    clock: Date.now,
    counters: openSpoolCounters(folder),
    onSealed: () => send({ kind: 'segment-sealed' }),
  });
  releasers.push('spool of inserts', () => spool.close());
  return createIngest({
    access: readIngestAccess(settings.ingestUsersFile),
    offer: (event) => spool.offer(ingestKind, event),
    seal: () => spool.seal(),
    frameBytesMax: payloadBytesMax(segmentBytes) - targetBytesMax,
  });
}
