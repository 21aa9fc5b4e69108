import { readFileSync } from 'node:fs';
import type { Command } from './command.ts';

export function productVersion(): string {
  const path = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

export const versionCommand: Command = {
  name: 'version',
  usage: 'version',
  summary: 'Print the version of Latchkey and of what it runs on.',
  wordCountMax: 0,
  flags: [],
  takesSettings: false,
  async run({ terminal }) {
    const versions = {
      latchkey: productVersion(),
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
    };
    const { latchkey, node, platform } = versions;
    terminal.print(
      terminal.isJson
        ? JSON.stringify(versions)
        : `latchkey ${latchkey} (Node ${node}, ${platform})`,
    );
    return 0;
  },
};
