import assert from 'node:assert/strict';

export type Metrics = {
  /** The sum over the samples of this name, whatever their labels. */
  total(name: string): number;
  /** One sample, named as it is printed: `name{label="value"}`. */
  sample(line: string): number;
};

/** Reads what the admin port says to Prometheus; fails when a line is not in its format. */
export async function readMetrics(adminUrl: string): Promise<Metrics> {
  const response = await fetch(`${adminUrl}/metrics`);
  const samples = parseMetrics(await response.text());
  return {
    total(name) {
      const found = [...samples].filter(([key]) => key === name || key.startsWith(`${name}{`));
      assert.ok(found.length > 0, `there is no metric ${name}`);
      return found.reduce((sum, [, value]) => sum + value, 0);
    },
    sample(line) {
      const value = samples.get(line);
      assert.ok(value !== undefined, `there is no sample ${line}`);
      return value;
    },
  };
}

const nameForm = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const labelForm = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"';
const sampleForm = new RegExp(`^(${nameForm})((?:\\{${labelForm}(?:,${labelForm})*\\})?) (\\S+)$`);
const headForm = new RegExp(`^# (?:HELP ${nameForm} .+|TYPE ${nameForm} \\w+)$`);

/** Each sample by its name with its labels. A name must be declared before its first sample. */
export function parseMetrics(text: string): Map<string, number> {
  assert.ok(text.endsWith('\n'), 'the last line must end');
  const samples = new Map<string, number>();
  const declared = new Map<string, string>();
  for (const line of text.trimEnd().split('\n')) {
    if (line.startsWith('#')) {
      assert.match(line, headForm);
      const [, keyword, name = '', kind = ''] = line.split(' ');
      if (keyword === 'TYPE') assert.ok(!declared.has(name), `${name} is declared twice`);
      if (keyword === 'TYPE') declared.set(name, kind);
      continue;
    }
    const [, name = '', labels = '', value = ''] = sampleForm.exec(line) ?? [];
    assert.ok(name !== '', `not a sample: ${line}`);
    const family = name.replace(/_(?:bucket|sum|count)$/, '');
    const isDeclared = declared.has(name) || declared.get(family) === 'histogram';
    assert.ok(isDeclared, `${name} has no TYPE`);
    assert.ok(Number.isFinite(Number(value)), `not a number: ${line}`);
    assert.ok(!samples.has(name + labels), `twice: ${line}`);
    samples.set(name + labels, Number(value));
  }
  return samples;
}
