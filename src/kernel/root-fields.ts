/** Owns which fields an operation asks of its root, with those in fragments. */
import type { DocumentNode, FieldNode, OperationDefinitionNode } from "graphql";

/** In no particular order; each selection set is visited once. Conditions are not looked at: a field that is skipped is among them. */
export function rootFields(document: DocumentNode, operation: OperationDefinitionNode): FieldNode[] {
  const fragments = new Map(document.definitions.flatMap((node) => (node.kind === "FragmentDefinition" ? [[node.name.value, node] as const] : [])));
  const pending = [operation.selectionSet];
  const queued = new Set(pending);
  const found: FieldNode[] = [];
  for (let set = pending.pop(); set; set = pending.pop()) {
    for (const node of set.selections) {
      if (node.kind === "Field") {
        found.push(node);
        continue;
      }
      const inner = (node.kind === "FragmentSpread" ? fragments.get(node.name.value) : node)?.selectionSet;
      if (inner && !queued.has(inner)) {
        queued.add(inner);
        pending.push(inner);
      }
    }
  }
  return found;
}
