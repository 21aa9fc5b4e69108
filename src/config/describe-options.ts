import { allowedValues, type Option, options, variableOf } from './options.ts';

const table: readonly Option[] = options;

/** The settings as `--help` prints them. */
export function optionsHelp(): string {
  const width = Math.max(...table.map((option) => option.name.length)) + 4;
  return table
    .map((option) => {
      const flag = `--${option.name}`.padEnd(width);
      const indent = ' '.repeat(width + 2);
      const fallback = option.fallback === '' ? 'empty' : option.fallback;
      const range = `${allowedValues(option)}; default ${fallback}`;
      return `  ${flag}${option.text}\n${indent}${variableOf(option.name)}: ${range}`;
    })
    .join('\n');
}

/** The settings as the README's table. */
export function optionsTable(): string {
  const rows = table.map((option) => {
    const fallback = option.fallback === '' ? '' : `\`${option.fallback}\``;
    const names = `\`--${option.name}\`<br>\`${variableOf(option.name)}\``;
    return `| ${names} | ${fallback} | ${option.text} |`;
  });
  return ['| setting | default | meaning |', '|---|---|---|', ...rows].join('\n');
}
