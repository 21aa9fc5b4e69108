import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the databases of a running node can be reached: with their passwords, mode 0600. */
export type StoreUrls = { databaseUrl: string; clickhouseUrl: string };

const fileName = 'store-urls.json';

export function writeStoreUrls(sharedFolder: string, urls: StoreUrls): void {
  const { databaseUrl, clickhouseUrl } = urls;
  const text = JSON.stringify({ databaseUrl, clickhouseUrl });
  writeFileSync(join(sharedFolder, fileName), text, { mode: 0o600 });
}

export function removeStoreUrls(sharedFolder: string): void {
  rmSync(join(sharedFolder, fileName), { force: true });
}

/** undefined when no node is running on this folder. */
export function readStoreUrls(sharedFolder: string): StoreUrls | undefined {
  const path = join(sharedFolder, fileName);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as StoreUrls) : undefined;
}
