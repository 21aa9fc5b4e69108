/**
 * What customers' SQL may contain, decided on ClickHouse's own syntax tree of it. Every kind of
 * node and every function must be known to be harmless: what a later ClickHouse adds is refused
 * until somebody has looked at it. Which rows a table shows is not decided here: the views and the
 * filters do that.
 */
import { fault, type RequestFault } from '../domain/error-catalogue.ts';
import { isAllowedFunction, isAllowedType } from './allowed-functions.ts';
import { type AnalyticsTables, publicTables } from './analytics-tables.ts';
import { everyNode, kindOf, type TreeNode, wordsOf } from './syntax-tree.ts';

export const queryBytesMax = 16 * 1024;
const nodeCountMax = 2000;
const columnCountMax = 64;

const harmlessKinds = new Set([
  ...['SelectWithUnionQuery', 'SelectIntersectExceptQuery', 'SelectQuery', 'Subquery'],
  ...['WithElement', 'ExpressionList', 'TablesInSelectQuery', 'TablesInSelectQueryElement'],
  ...['TableExpression', 'TableIdentifier', 'TableJoin', 'ArrayJoin', 'Identifier'],
  ...['Function', 'Literal', 'Asterisk', 'QualifiedAsterisk', 'OrderByElement'],
  ...['WindowDefinition', 'WindowListElement'],
]);

export function invalidQuery(detail: string): RequestFault {
  return fault('user/bad_request/invalid_analytics_query', detail);
}

export function invalidTable(detail: string): RequestFault {
  return fault('user/bad_request/invalid_analytics_table', detail);
}

export function invalidFunction(detail: string): RequestFault {
  return fault('user/bad_request/invalid_analytics_function', detail);
}

export const notSelect = fault(
  'user/bad_request/invalid_analytics_query_type',
  'Only a single SELECT statement is allowed.',
);

/** One at a time: a single expression for all of them could be matched in too many ways. */
const blankOrComment = /\s+|--.*|#.*|\/\*[\s\S]*?\*\//y;
const beginning = /\(|(?:select|with|from)\b/iy;

/** Whether the text begins as a SELECT does, behind comments. */
export function isSelect(sql: string): boolean {
  blankOrComment.lastIndex = 0;
  beginning.lastIndex = 0;
  while (blankOrComment.test(sql)) beginning.lastIndex = blankOrComment.lastIndex;
  return beginning.test(sql);
}

/** Undefined when the query is allowed. */
export function checkSyntax(
  roots: readonly TreeNode[],
  { tables }: AnalyticsTables,
): RequestFault | undefined {
  const [root] = roots;
  if (!root || kindOf(root) !== 'SelectWithUnionQuery' || roots.length > 1) return notSelect;
  if (root.children.length > 1) {
    return invalidQuery('FORMAT, INTO OUTFILE and SETTINGS are not allowed.');
  }
  let nodeCount = 0;
  for (const node of everyNode(roots)) {
    nodeCount += 1;
    if (nodeCount > nodeCountMax) {
      return invalidQuery(`The query has more than ${nodeCountMax} parts.`);
    }
    const refusal = checkNode(node, tables);
    if (refusal) return refusal;
  }
  return undefined;
}

function checkNode(node: TreeNode, tables: AnalyticsTables['tables']): RequestFault | undefined {
  const kind = kindOf(node);
  if (kind === 'Set') return invalidQuery('SETTINGS are not allowed.');
  if (!harmlessKinds.has(kind)) return invalidQuery(`This is not allowed here: ${kind}.`);
  switch (kind) {
    case 'SelectQuery':
      return checkSelect(node);
    case 'TableIdentifier':
      return checkTable(wordsOf(node), tables);
    case 'TableExpression':
      return checkSource(node);
    case 'Function':
      return checkFunction(node);
    default:
      return undefined;
  }
}

/** The columns are the last list before the tables: a WITH clause is one too. */
function checkSelect({ children }: TreeNode): RequestFault | undefined {
  const from = children.findIndex((child) => kindOf(child) === 'TablesInSelectQuery');
  if (from < 0) return invalidQuery('A SELECT needs a FROM.');
  const columnCount = children[from - 1]?.children.length ?? 0;
  if (columnCount <= columnCountMax) return undefined;
  return invalidQuery(`A SELECT may have ${columnCountMax} columns, not ${columnCount}.`);
}

/**
 * A name without a dot is one of the tables, or of a WITH clause, or of nothing: the database in
 * which customers query holds nothing else.
 */
function checkTable(name: string, tables: AnalyticsTables['tables']): RequestFault | undefined {
  if (!name.includes('.') && !isOtherTable(name, tables)) return undefined;
  const known = [...tables.keys()].join(', ');
  return invalidTable(`The table ${name} cannot be queried here. There are: ${known}.`);
}

/** A table of the other operation: its rows are held to other permissions. */
function isOtherTable(name: string, tables: AnalyticsTables['tables']): boolean {
  return publicTables.has(name) && !tables.has(name);
}

/** Where a table may stand, a function is a table function. */
function checkSource({ children }: TreeNode): RequestFault | undefined {
  const [source] = children;
  if (!source || kindOf(source) !== 'Function') return undefined;
  return invalidFunction(`Table functions are not allowed: ${wordsOf(source)}.`);
}

function checkFunction(node: TreeNode): RequestFault | undefined {
  const name = wordsOf(node);
  const lowerName = name.toLowerCase();
  if (!isAllowedFunction(name)) return invalidFunction(`The function ${name} is not allowed.`);
  if (lowerName === 'cast') return checkCast(node);
  if (lowerName === 'in' || lowerName === 'notin') return checkIn(node);
  return undefined;
}

function argumentsOf({ children }: TreeNode): TreeNode[] {
  return children.find((child) => kindOf(child) === 'ExpressionList')?.children ?? [];
}

function checkCast(node: TreeNode): RequestFault | undefined {
  const type = argumentsOf(node)[1];
  const name = type && kindOf(type) === 'Literal' ? unquoted(wordsOf(type)) : '';
  return isAllowedType(name) ? undefined : invalidFunction(`A CAST to ${name} is not allowed.`);
}

/** A name on the right side of IN would be read as that of a table. */
function checkIn(node: TreeNode): RequestFault | undefined {
  const right = argumentsOf(node)[1];
  const kind = right && kindOf(right);
  if (kind === 'Literal' || kind === 'Subquery') return undefined;
  const isList = kind === 'Function' && /^(?:tuple|array)$/i.test(wordsOf(right as TreeNode));
  if (isList) return undefined;
  return invalidQuery('The right side of IN must be a list of values or a sub-query.');
}

function unquoted(literal: string): string {
  return literal.replace(/^'|'$/g, '').replaceAll("\\'", "'");
}
