/**
 * What a query means, as ClickHouse has resolved it: which tables it reads, what its CTEs are
 * called, and with which instants it compares `time`. Constants are worked out there: `now() -
 * INTERVAL 7 DAY` is a number here.
 */
import { everyNode, type TreeNode } from './syntax-tree.ts';

export type TimeComparison = {
  /** As if `time` stood on the left side. */
  operator: 'equals' | 'notEquals' | 'less' | 'lessOrEquals' | 'greater' | 'greaterOrEquals';
  /** `Int64` of the raw tables, else DateTime or Date. */
  columnType: string;
  /** `String`, `DateTime`, `UInt64`, … */
  constantType: string;
  /** The constant in Unix ms; undefined when it is no instant that we could read. */
  atMs: number | undefined;
};

export type QueryMeaning = {
  /** With their database: `public_latchkey.key_verifications_v1`. */
  tables: string[];
  cteNames: string[];
  timeComparisons: TimeComparison[];
};

const mirrored = {
  equals: 'equals',
  notEquals: 'notEquals',
  less: 'greater',
  lessOrEquals: 'greaterOrEquals',
  greater: 'less',
  greaterOrEquals: 'lessOrEquals',
} as const;

export function readMeaning(roots: readonly TreeNode[]): QueryMeaning {
  const meaning: QueryMeaning = { tables: [], cteNames: [], timeComparisons: [] };
  for (const node of everyNode(roots)) {
    const table = attributeOf(node, 'table_name');
    if (table !== undefined) meaning.tables.push(table);
    const cte = attributeOf(node, 'cte_name');
    if (cte !== undefined) meaning.cteNames.push(cte);
    const comparison = timeComparison(node);
    if (comparison) meaning.timeComparisons.push(comparison);
  }
  return meaning;
}

/** Attributes stand as `name: value`, separated by commas. */
function attributeOf({ text }: TreeNode, name: string): string | undefined {
  return new RegExp(`, ${name}: ([^,]+)`).exec(text)?.[1];
}

function timeComparison(node: TreeNode): TimeComparison | undefined {
  if (!node.text.startsWith('FUNCTION ')) return undefined;
  const operator = attributeOf(node, 'function_name') ?? '';
  if (!isComparison(operator)) return undefined;
  const list = node.children.find((child) => child.text === 'ARGUMENTS')?.children[0];
  const [left, right] = list?.children ?? [];
  if (!left || !right) return undefined;
  if (isTime(left)) return toComparison(operator, left, right);
  return isTime(right) ? toComparison(mirrored[operator], right, left) : undefined;
}

function isComparison(name: string): name is TimeComparison['operator'] {
  return Object.hasOwn(mirrored, name);
}

function isTime(node: TreeNode): boolean {
  return node.text.startsWith('COLUMN ') && attributeOf(node, 'column_name') === 'time';
}

const constantForm = /^CONSTANT id: \d+, constant_value: (.*), constant_value_type: (.*)$/s;

function toComparison(
  operator: TimeComparison['operator'],
  column: TreeNode,
  other: TreeNode,
): TimeComparison | undefined {
  const [, value, type] = constantForm.exec(other.text) ?? [];
  if (value === undefined || type === undefined) return undefined;
  const constantType = type.replace(/^Nullable\((.*)\)$/, '$1');
  const columnType = attributeOf(column, 'result_type') ?? '';
  return { operator, columnType, constantType, atMs: instantOf(value, constantType, columnType) };
}

const dayMs = 86_400_000;

/** Values are printed as `UInt64_1795330656`, `Decimal64_'1795330656.071'` or `'2026-11-21'`. */
function instantOf(value: string, type: string, columnType: string): number | undefined {
  const text = value.replace(/^\w+?_/, '').replace(/^'(.*)'$/s, '$1');
  if (type === 'String') return instantOfText(text);
  const number = Number(text);
  if (!Number.isFinite(number)) return undefined;
  if (type.startsWith('DateTime')) return number * 1000;
  if (type.startsWith('Date')) return number * dayMs;
  return columnType === 'Int64'
    ? number
    : columnType.startsWith('DateTime')
      ? number * 1000
      : undefined;
}

/** Without a zone, UTC is meant, as everywhere in these tables. */
function instantOfText(text: string): number | undefined {
  const form = /^\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d:\d\d(?:\.\d+)?)?/.exec(text)?.[0];
  if (form === undefined) return undefined;
  const atMs = Date.parse(form.length === 10 ? form : `${form.replace(' ', 'T')}Z`);
  return Number.isNaN(atMs) ? undefined : atMs;
}
