import type { Command } from './command.ts';
import { settingsOf } from './environment.ts';
import { startBanner, startReport } from './start-banner.ts';

export const startCommand: Command = {
  name: 'start',
  usage: 'start',
  summary:
    'Start server and stores, until Ctrl-C. SIGHUP replaces the workers, SIGUSR2 ships events.',
  wordCountMax: 0,
  flags: [],
  takesSettings: true,
  async run({ environment, flags, terminal }) {
    const config = settingsOf(environment, flags);
    // First of all: they load their modules while this process loads its own.
    const { WaitingWorkers } = await import('../processes/waiting-workers.ts');
    const waiting = new WaitingWorkers(config.workers);
    const { createLogger } = await import('../lib/logger.ts');
    const { runNode } = await import('../processes/run-node.ts');
    const isTerminal = process.stderr.isTTY === true;
    const automatic = isTerminal ? 'pretty' : 'json';
    const logFormat = config.logFormat === 'auto' ? automatic : config.logFormat;
    const logger = createLogger(config.logLevel, logFormat, { process: 'primary' });
    await runNode(config, {
      waiting,
      logger,
      logFormat,
      onPrepared(rootKey) {
        const report = () => JSON.stringify(startReport(config, rootKey));
        terminal.print(terminal.isJson ? report() : startBanner(config, rootKey));
      },
    });
    return 0;
  },
};
