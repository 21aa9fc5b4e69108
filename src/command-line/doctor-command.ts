/** `latchkey doctor`: looks at everything that a node stands on and says what to do. */
import type { Command } from './command.ts';
import type { Check } from './doctor-checks.ts';
import { settingsOf } from './environment.ts';
import { tinted } from './terminal.ts';

export const doctorCommand: Command = {
  name: 'doctor',
  usage: 'doctor',
  summary: 'Check Node, the system, the stores, disk and clock; say what is wrong and what to do.',
  wordCountMax: 0,
  flags: [],
  takesSettings: true,
  async run({ environment, flags, terminal }) {
    const config = settingsOf(environment, flags);
    const { examine } = await import('./doctor-checks.ts');
    const checks = await examine(config);
    const isWell = checks.every((check) => check.state !== 'bad');
    if (terminal.isJson) terminal.print(JSON.stringify({ isWell, checks }));
    else for (const check of checks) terminal.print(lineOf(check));
    return isWell ? 0 : 1;
  },
};

const marks = {
  good: tinted('green', 'ok  '),
  warn: tinted('yellow', 'warn'),
  bad: tinted('red', 'bad '),
};

function lineOf({ state, name, finding, remedy }: Check): string {
  const remedyLine = remedy === '' ? '' : `\n       ${remedy}`;
  return `${marks[state]}   ${name.padEnd(14)}${finding}${remedyLine}`;
}
