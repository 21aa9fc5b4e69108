/**
 * JSON values as YAML 1.2 in block style. Each text is double-quoted as in JSON, whose escapes YAML
 * has too, so that none can be read as a number, a date or a boolean; only names that cannot be
 * mistaken stand bare.
 */

/** Ends with a newline. Fields that are undefined are left out. */
export function yamlText(value: unknown): string {
  return `${block(value, '').trimStart()}\n`;
}

const bareName = /^[A-Za-z_$][\w$.-]*$/;
/** Words that one or the other version of YAML reads as something else than a text. */
const taken = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

/** What stands behind `name:` or `-`: a space and a scalar, or lines that begin with a newline. */
function block(value: unknown, indent: string): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return ' []';
    const deeper = `${indent}  `;
    return value.map((item) => `\n${indent}-${inline(item, deeper)}`).join('');
  }
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    if (fields.length === 0) return ' {}';
    return fields
      .map(([name, field]) => `\n${indent}${nameText(name)}:${block(field, `${indent}  `)}`)
      .join('');
  }
  return ` ${JSON.stringify(value)}`;
}

/** An item of a list starts on the line of its dash. */
function inline(value: unknown, indent: string): string {
  return ` ${block(value, indent).trimStart()}`;
}

function nameText(name: string): string {
  return bareName.test(name) && !taken.test(name) ? name : JSON.stringify(name);
}
