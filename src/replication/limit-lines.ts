import type { LimitConfig } from '../domain/records.ts';

const none: readonly LimitConfig[] = [];
const escapes = /\\[\\n]/g;

/**
 * Limits as the statements of select-documents give them: a line each of id, limit, duration,
 * whether it applies by itself (`t` or `f`) and name, in which `\` and line ends are escaped.
 */
export function toLimits(lines: string): readonly LimitConfig[] {
  return lines === '' ? none : lines.split('\n').map(toLimit);
}

function toLimit(line: string): LimitConfig {
  // By hand, since the first copy reads millions of them: splitting takes twice as long.
  const limitAt = line.indexOf(' ') + 1;
  const durationAt = line.indexOf(' ', limitAt) + 1;
  const flagAt = line.indexOf(' ', durationAt) + 1;
  const name = line.substring(flagAt + 2);
  return {
    limitId: line.substring(0, limitAt - 1),
    name: name.includes('\\') ? name.replace(escapes, meant) : name,
    limit: Number(line.substring(limitAt, durationAt - 1)),
    durationMs: Number(line.substring(durationAt, flagAt - 1)),
    autoApply: line[flagAt] === 't',
  };
}

const meant = (escaped: string) => (escaped === '\\n' ? '\n' : '\\');
