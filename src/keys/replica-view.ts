import type { Transaction } from 'lmdb';
import { openReplicaTables, type ReplicaTables } from './replica-tables.ts';
import { TreeFile } from './tree-file.ts';

/**
 * One state of a replica file, to be read until `renew` goes on to the newest. Keys and identities
 * are read in place, everything else through the library.
 */
export class ReplicaView {
  readonly tables: ReplicaTables;
  readonly file: TreeFile;
  keysRoot = 0;
  identitiesRoot = 0;
  #transaction: Transaction | undefined;

  constructor(path: string) {
    this.tables = openReplicaTables(path, 'read');
    this.file = new TreeFile(path);
    this.renew();
  }

  renew(): void {
    const { root } = this.tables;
    this.#transaction?.done();
    root.resetReadTxn();
    // Keeps the writer from using pages of this state again.
    this.#transaction = root.useReadTransaction();
    this.file.renew();
    this.keysRoot = this.file.rootOf('keys');
    this.identitiesRoot = this.file.rootOf('identities');
  }

  async close(): Promise<void> {
    this.#transaction?.done();
    this.file.close();
    await this.tables.root.close();
  }
}
