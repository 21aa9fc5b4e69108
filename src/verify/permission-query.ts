/**
 * The permission query of a verification: `documents.read AND (documents.write OR admin)`.
 *
 *     query       := conjunction { OR conjunction }
 *     conjunction := operand { AND operand }
 *     operand     := permission | "(" query ")"
 *
 * A permission is one or more of `A-Z a-z 0-9 . _ - : * /`, matched whole and by case; `*` is a
 * character like any other. AND and OR are words of any case. There is no NOT.
 *
 * The parser has stacks of its own, so that no nesting is too deep. It makes one step for each
 * permission, which says what to ask next when it is held and when it is missing: evaluation walks
 * these steps without a stack and asks for nothing that no longer matters.
 */

export type PermissionQuery = {
  /** Asked from the first one on; never empty. */
  permissions: readonly string[];
  /** By place in `permissions`: the place of the next one, or below 0 the answer. */
  nextIfHeld: readonly number[];
  nextIfMissing: readonly number[];
};

export type ParsedPermissionQuery =
  | { ok: true; query: PermissionQuery }
  /** A phrase for the caller, which names the position, and that position: in bytes, from 0. */
  | { ok: false; problem: string; position: number };

const satisfied = -1;
const unsatisfied = -2;

type Operator = 'AND' | 'OR' | '(';
type Token = {
  kind: Operator | ')' | 'permission' | 'end' | 'invalid';
  text: string;
  position: number;
};

/** A part of the query; its exits are the places whose next step is still open. */
type Fragment = { entry: number; heldExits: number[]; missingExits: number[] };

type Parse = {
  permissions: string[];
  nextIfHeld: number[];
  nextIfMissing: number[];
  fragments: Fragment[];
  operators: Operator[];
};

/** Never throws, whatever the text. */
export function parsePermissionQuery(text: string): ParsedPermissionQuery {
  const parse: Parse = {
    permissions: [],
    nextIfHeld: [],
    nextIfMissing: [],
    fragments: [],
    operators: [],
  };
  let before: Token['kind'] = '(';
  for (let at = 0; ; ) {
    const token = readToken(text, at);
    const isOperandNext = before === 'AND' || before === 'OR' || before === '(';
    const problem = isOperandNext ? takeOperand(parse, token) : takeContinuation(parse, token);
    const { kind, position } = token;
    if (problem) return { ok: false, problem: `${problem} at position ${position}`, position };
    if (kind === 'end') return { ok: true, query: finish(parse) };
    before = kind;
    at = position + token.text.length;
  }
}

/** Whether the holder of exactly these permissions satisfies the query. */
export function isSatisfied(query: PermissionQuery, held: ReadonlySet<string>): boolean {
  let at = 0;
  while (at >= 0) {
    const next = held.has(query.permissions[at] as string) ? query.nextIfHeld : query.nextIfMissing;
    at = next[at] as number;
  }
  return at === satisfied;
}

const tokenPattern = /[ \t\r\n]*([A-Za-z0-9._:*/-]+|[()])?/y;

/** What was read before is ASCII, or it had been invalid: an index is a position in bytes. */
function readToken(text: string, from: number): Token {
  tokenPattern.lastIndex = from;
  const word = tokenPattern.exec(text)?.[1];
  const end = tokenPattern.lastIndex;
  if (word !== undefined) return { kind: kindOf(word), text: word, position: end - word.length };
  if (end === text.length) return { kind: 'end', text: '', position: end };
  return { kind: 'invalid', text: String.fromCodePoint(text.codePointAt(end) ?? 0), position: end };
}

function kindOf(word: string): Token['kind'] {
  if (word === '(' || word === ')') return word;
  const upper = word.length <= 3 ? word.toUpperCase() : word;
  return upper === 'AND' || upper === 'OR' ? upper : 'permission';
}

/** Takes the token where an operand must begin, or returns what is wrong with it. */
function takeOperand(parse: Parse, token: Token): string | undefined {
  const { kind, text } = token;
  if (kind === 'permission') return addPermission(parse, text);
  if (kind === '(') {
    parse.operators.push(kind);
    return undefined;
  }
  if (kind === 'end') return 'Unexpected end of query';
  const isEmptyPair = kind === ')' && parse.operators.at(-1) === '(';
  return isEmptyPair ? 'Empty parentheses' : unexpected(token);
}

/** Takes the token after a whole operand, or returns what is wrong with it. */
function takeContinuation(parse: Parse, token: Token): string | undefined {
  const { operators } = parse;
  switch (token.kind) {
    case 'AND':
    case 'OR':
      combineDownTo(parse, token.kind);
      operators.push(token.kind);
      return undefined;
    case ')':
      combineDownTo(parse, 'OR');
      return operators.pop() === '(' ? undefined : unexpected(token);
    case 'end':
      combineDownTo(parse, 'OR');
      return operators.length === 0 ? undefined : 'Missing closing parenthesis';
    case 'invalid':
      return unexpected(token);
    default:
      return operators.includes('(') ? 'Missing closing parenthesis' : unexpected(token);
  }
}

function unexpected({ kind, text }: Token): string {
  return `${kind === 'invalid' ? 'Invalid character' : 'Unexpected token'} '${text}'`;
}

function addPermission(parse: Parse, permission: string): undefined {
  const entry = parse.permissions.push(permission) - 1;
  parse.fragments.push({ entry, heldExits: [entry], missingExits: [entry] });
}

/** Joins the newest fragments as long as the operator between them binds at least as tightly. */
function combineDownTo(parse: Parse, weakest: 'AND' | 'OR'): void {
  const { operators, fragments } = parse;
  for (let top = operators.at(-1); top === 'AND' || top === weakest; top = operators.at(-1)) {
    operators.pop();
    const right = fragments.pop() as Fragment;
    const left = fragments.at(-1) as Fragment;
    if (top === 'AND') {
      lead(parse.nextIfHeld, left.heldExits, right.entry);
      left.heldExits = right.heldExits;
      left.missingExits = append(left.missingExits, right.missingExits);
    } else {
      lead(parse.nextIfMissing, left.missingExits, right.entry);
      left.missingExits = right.missingExits;
      left.heldExits = append(left.heldExits, right.heldExits);
    }
  }
}

function finish({ permissions, nextIfHeld, nextIfMissing, fragments }: Parse): PermissionQuery {
  const whole = fragments[0] as Fragment;
  lead(nextIfHeld, whole.heldExits, satisfied);
  lead(nextIfMissing, whole.missingExits, unsatisfied);
  return { permissions, nextIfHeld, nextIfMissing };
}

function lead(next: number[], exits: number[], to: number): void {
  for (const exit of exits) next[exit] = to;
}

/** In place: a chain of operators costs time in proportion to its length, not to its square. */
function append(list: number[], more: number[]): number[] {
  for (const item of more) list.push(item);
  return list;
}
