import { createLogger } from '../lib/logger.ts';
import { runNode } from '../processes/run-node.ts';
import type { Command } from './command.ts';
import { settingsOf } from './environment.ts';

export const startCommand: Command = {
  name: 'start',
  usage: 'start',
  summary: 'Start the server with its stores, until Ctrl-C. SIGHUP replaces the workers.',
  flags: [],
  takesSettings: true,
  async run({ environment, flags, terminal }) {
    const config = settingsOf(environment, flags);
    const isTerminal = process.stderr.isTTY === true;
    const automatic = isTerminal ? 'pretty' : 'json';
    const logFormat = config.logFormat === 'auto' ? automatic : config.logFormat;
    const logger = createLogger(config.logLevel, logFormat, { process: 'primary' });
    await runNode(config, { logger, logFormat, say: terminal.print });
    return 0;
  },
};
