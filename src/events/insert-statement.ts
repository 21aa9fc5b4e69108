/**
 * Reads the head of an INSERT as clients of ClickHouse send it over HTTP: in the query parameter,
 * or before the rows in the body. Only what names a table, columns, settings and a format; a SELECT
 * or a table function behind INSERT INTO is refused.
 */
export type InsertStatement = {
  /** Empty when it is not said. */
  database: string;
  table: string;
  /** Empty for all columns in their order. */
  columns: string[];
  settings: Record<string, string>;
  format: string;
  /** What follows the name of the format and the line break behind it. */
  restAt: number;
};

/** Why it is refused, with ClickHouse's number for it. */
export class InsertRefused extends Error {
  override readonly name = 'InsertRefused';
  readonly code: number;
  readonly codeName: string;

  constructor(code: number, codeName: string, message: string) {
    super(message);
    this.code = code;
    this.codeName = codeName;
  }
}

type Token = { kind: 'word' | 'name' | 'text' | 'sign' | 'end'; text: string; end: number };

const blank = /(?:\s|--.*|\/\*[\s\S]*?\*\/)/y;
const tokenForms = [
  ['word', /[A-Za-z_][\w$]*/y],
  ['name', /`(?:[^`\\]|\\.)*`|"(?:[^"\\]|\\.)*"/y],
  ['text', /'(?:[^'\\]|\\.)*'|-?\d+(?:\.\d+)?/y],
  ['sign', /[(),.=]/y],
] as const;

/** Throws InsertRefused. */
export function parseInsert(text: string): InsertStatement {
  return new InsertParser(text).statement();
}

class InsertParser {
  readonly #text: string;
  #next: Token;

  constructor(text: string) {
    this.#text = text;
    this.#next = this.#read(0);
  }

  statement(): InsertStatement {
    this.#expectWord('INSERT');
    this.#expectWord('INTO');
    this.#skipWord('TABLE');
    if (this.#skipWord('FUNCTION')) this.#fail('a table');
    const first = this.#name();
    const table = this.#skipSign('.') ? this.#name() : undefined;
    const columns = this.#columns();
    const settings = this.#settings();
    this.#expectWord('FORMAT');
    const { text: format, kind, end } = this.#next;
    if (kind !== 'word') this.#fail('the name of a format');
    return {
      database: table === undefined ? '' : first,
      table: table ?? first,
      ...{ columns, settings, format, restAt: this.#lineBreakAfter(end) },
    };
  }

  #columns(): string[] {
    const columns: string[] = [];
    if (!this.#skipSign('(')) return columns;
    do columns.push(this.#name());
    while (this.#skipSign(','));
    if (!this.#skipSign(')')) this.#fail("',' or ')'");
    return columns;
  }

  #settings(): Record<string, string> {
    const settings: Record<string, string> = {};
    if (!this.#skipWord('SETTINGS')) return settings;
    do {
      const name = this.#name();
      if (!this.#skipSign('=')) this.#fail("'='");
      const { kind, text } = this.#next;
      if (kind !== 'text' && kind !== 'word') this.#fail('a value');
      settings[name] = kind === 'text' ? unquoted(text) : text;
      this.#advance();
    } while (this.#skipSign(','));
    return settings;
  }

  #name(): string {
    const { kind, text } = this.#next;
    if (kind !== 'word' && kind !== 'name') this.#fail('a name');
    this.#advance();
    return kind === 'name' ? unquoted(text) : text;
  }

  #expectWord(word: string): void {
    if (!this.#skipWord(word)) this.#fail(word);
  }

  #skipWord(word: string): boolean {
    const isThere = this.#next.kind === 'word' && this.#next.text.toUpperCase() === word;
    if (isThere) this.#advance();
    return isThere;
  }

  #skipSign(sign: string): boolean {
    const isThere = this.#next.kind === 'sign' && this.#next.text === sign;
    if (isThere) this.#advance();
    return isThere;
  }

  #advance(): void {
    this.#next = this.#read(this.#next.end);
  }

  #read(from: number): Token {
    let at = from;
    for (let end = endOf(blank, this.#text, at); end > 0; end = endOf(blank, this.#text, at))
      at = end;
    for (const [kind, form] of tokenForms) {
      const end = endOf(form, this.#text, at);
      if (end > 0) return { kind, text: this.#text.slice(at, end), end };
    }
    return { kind: 'end', text: this.#text.slice(at, at + 20), end: at };
  }

  /** Rows begin on the next line, or behind one blank on the same. */
  #lineBreakAfter(end: number): number {
    const [blanks = ''] = /^[ \t]*;?[ \t]*(?:\r?\n)?/.exec(this.#text.slice(end)) ?? [];
    return end + blanks.length;
  }

  #fail(expected: string): never {
    const found = this.#next.text === '' ? 'the end' : `'${this.#next.text}'`;
    throw new InsertRefused(62, 'SYNTAX_ERROR', `Expected ${expected}, found ${found}`);
  }
}

/** Where the form ends that begins at `at`; 0 when it does not. */
function endOf(form: RegExp, text: string, at: number): number {
  form.lastIndex = at;
  return form.test(text) ? form.lastIndex : 0;
}

function unquoted(text: string): string {
  return /^['"`]/.test(text) ? text.slice(1, -1).replace(/\\(.)/gs, '$1') : text;
}
