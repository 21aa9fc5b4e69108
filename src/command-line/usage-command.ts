/** `latchkey usage`: what `analytics.getUsage` counts, with its parameters as flags. */
import { type UsageResult, usageBody } from '../contract/analytics.ts';
import { bodyOf, flagsOf } from './body-flags.ts';
import { callServer } from './call-server.ts';
import { usageSummary } from './client-summaries.ts';
import type { Command } from './command.ts';
import { findServer, serverFlags } from './server-profile.ts';
import { usageText } from './usage-chart.ts';

const fromDefault = '24h';

export const usageCommand: Command = {
  ...usageSummary,
  wordCountMax: 0,
  flags: [...usageFlags(), ...serverFlags],
  takesSettings: false,
  async run({ flags, environment, terminal }) {
    const given = { from: fromDefault, ...flags };
    const body = bodyOf(usageBody, { fields: [], words: [], flags: given, nowMs: Date.now() });
    const server = findServer(environment, flags);
    const { answer } = await callServer(server, 'analytics.getUsage', body);
    if (terminal.isJson) terminal.print(JSON.stringify(answer));
    else terminal.print(usageText(answer.data as UsageResult, terminal.width));
    return 0;
  },
};

function usageFlags() {
  return flagsOf(usageBody, []).map((flag) => {
    if (flag.name !== 'from') return flag;
    return { ...flag, text: `${flag.text} Without it: ${fromDefault}.` };
  });
}
