/**
 * Trees as ClickHouse prints them, one node a line, each level one step further to the right: what
 * EXPLAIN AST says of a query as it was written, and EXPLAIN QUERY TREE of what it means.
 */
export type TreeNode = { text: string; children: TreeNode[] };

/** The nodes without a parent; `step` is the number of spaces of one level. */
export function parseTree(lines: readonly string[], step: number): TreeNode[] {
  const roots: TreeNode[] = [];
  const path: TreeNode[] = [];
  for (const line of lines) {
    const text = line.trimStart();
    const depth = Math.min(Math.floor((line.length - text.length) / step), path.length);
    const node = { text, children: [] };
    const parent = path[depth - 1];
    (parent ? parent.children : roots).push(node);
    path.length = depth;
    path.push(node);
  }
  return roots;
}

export function* everyNode(nodes: readonly TreeNode[]): Generator<TreeNode> {
  for (const node of nodes) {
    yield node;
    yield* everyNode(node.children);
  }
}

/** `Function`, `SelectQuery`: the first word of a node of EXPLAIN AST. */
export function kindOf({ text }: TreeNode): string {
  return /^\w*/.exec(text)?.[0] ?? '';
}

/** What follows the kind, without alias and number of children. */
export function wordsOf({ text }: TreeNode): string {
  return text
    .slice(text.indexOf(' ') + 1)
    .replace(/ \(children \d+\)$/, '')
    .replace(/ \(alias .*\)$/s, '');
}
