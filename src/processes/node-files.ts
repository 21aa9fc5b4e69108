import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where the parts of a node keep their files. All folders are 0700, all files 0600. */
export type NodeFiles = ReturnType<typeof nodeFiles>;

export function nodeFiles(dataDir: string) {
  return {
    lock: join(dataDir, 'primary.lock'),
    replica: join(dataDir, 'replica'),
    spool: join(dataDir, 'spool'),
    /** The spool of /ingest; there only when that is set up, or was. */
    ingest: join(dataDir, 'ingest'),
    shared: join(dataDir, 'shared'),
    generationPage: join(dataDir, 'shared', 'generations'),
    windowTable: join(dataDir, 'shared', 'windows'),
    creditTable: join(dataDir, 'shared', 'credits'),
    nodeId: join(dataDir, 'node-id'),
    workerCounters: (slot: number) => join(dataDir, 'shared', `worker-${slot}.counters`),
    postgres: join(dataDir, 'postgres'),
    clickhouse: join(dataDir, 'clickhouse'),
  };
}

/** Makes the folders that every node has. */
export function makeNodeFolders(dataDir: string): NodeFiles {
  const files = nodeFiles(dataDir);
  for (const folder of [dataDir, files.replica, files.spool, files.shared]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }
  return files;
}
