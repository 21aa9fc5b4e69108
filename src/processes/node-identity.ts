import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

/**
 * The id of the node that lives in a data folder: made once, kept in a file, never that of another
 * node. It owns leases of credits, which come back when a node with this id starts again. Whoever
 * copies a data folder to make a second node must leave this file out.
 */
export function nodeIdentity(path: string): string {
  if (existsSync(path)) return readFileSync(path, 'utf8').trim();
  const nodeId = `node_${randomBytes(9).toString('hex')}`;
  const unborn = `${path}.new`;
  writeFileSync(unborn, `${nodeId}\n`, { mode: 0o600, flush: true });
  renameSync(unborn, path);
  return nodeId;
}
