// functions.js: a call tree by nodes, and the same by functions.

// Makes the receiver's answer (docs/receiver.md) into linked nodes, the root first.
export function readTree(answer) {
  const root = { parent: 0, name: "all", file: "", line: 0, kind: "root", self: answer.self, total: answer.total, depth: 0, children: [] };
  const nodes = [root];
  for (const [parent, index, line, self, total] of answer.nodes) {
    const { name, file, kind } = answer.functions[index];
    const node = { parent, name, file, line, kind, self, total, depth: nodes[parent].depth + 1, children: [] };
    nodes[parent].children.push(node);
    nodes.push(node);
  }
  return { nodes, total: answer.total, unit: answer.unit, type: answer.type, leftOut: answer.nodes_left_out };
}

// Self and total of each function. A function that calls itself counts once in its total, at its outermost call.
export function addUpFunctions(tree) {
  const functions = new Map();
  const open = new Map(); // how many calls of a function are open on the way to the current node
  const visit = [[tree.nodes[0], false]];
  while (visit.length > 0) {
    const [node, leaving] = visit.pop();
    const key = `${node.name}\n${node.file}`;
    if (leaving) {
      open.set(key, open.get(key) - 1);
      continue;
    }
    if (node !== tree.nodes[0]) {
      const entry = functions.get(key) || { name: node.name, file: node.file, line: node.line, kind: node.kind, self: 0, total: 0 };
      functions.set(key, entry);
      entry.self += node.self;
      if (!open.get(key)) entry.total += node.total;
    }
    open.set(key, (open.get(key) || 0) + 1);
    visit.push([node, true]);
    for (const child of node.children) visit.push([child, false]);
  }
  return [...functions.values()];
}

// The nodes whose name or file contains the text, and the sum of the outermost of them. null for an empty text.
export function findMatches(tree, text) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return null;
  const nodes = new Set();
  const inside = new Set(); // matches and all below them
  let total = 0;
  for (const node of tree.nodes.slice(1)) {
    const matches = node.name.toLowerCase().includes(wanted) || node.file.toLowerCase().includes(wanted);
    const below = inside.has(tree.nodes[node.parent]);
    if (matches) nodes.add(node);
    if (matches && !below) total += node.total;
    if (matches || below) inside.add(node);
  }
  return { nodes, total };
}
