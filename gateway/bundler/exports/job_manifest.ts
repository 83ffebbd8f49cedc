import type { AnyNode, Property, SpreadElement } from "acorn";
import { badUpload } from "../problem.ts";

/** The export by which a module tells what its jobs need. */
export const MANIFEST = "manifest";

const WHAT_IT_IS = "must be a literal of objects, arrays, texts, numbers and booleans: it is read, and never run";

/**
 * The value of a module's export `manifest`, as it stands in its syntax: nothing of the module is run. Throws a BundleError when it is
 * anything but a literal. `file` is where the author has it, as far as is known.
 */
export function readManifest(node: AnyNode | undefined, file: string): unknown {
  const literal = node === undefined ? undefined : literalOf(node);
  if (literal === undefined) throw badUpload(`The export "${MANIFEST}" ${WHAT_IT_IS}`, { file });
  return literal.value;
}

/**
 * The line with which each bundle ends: manifests by the subpath of their modules (`""` is the package itself). Nodes read it. It is there
 * without any, too, so that nothing of the author's stands in its place.
 */
export function manifestLine(manifests: ReadonlyMap<string, unknown>): string {
  const json = JSON.stringify(Object.fromEntries(manifests));
  // These two end a line of JavaScript, and so the comment.
  return `//# manifests=${json.replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029")}\n`;
}

/** In a box, because a literal may be any value; undefined when it is none. */
function literalOf(node: AnyNode | null): { readonly value: unknown } | undefined {
  switch (node?.type) {
    case "Literal":
      return node.regex || node.bigint ? undefined : { value: node.value };
    case "ArrayExpression":
      return allOf(node.elements, literalOf);
    case "ObjectExpression": {
      const entries = allOf(node.properties, entryOf);
      return entries && { value: Object.fromEntries(entries.value) };
    }
    default:
      return undefined;
  }
}

function entryOf(node: Property | SpreadElement): { readonly value: readonly [string, unknown] } | undefined {
  if (node.type !== "Property" || node.computed || node.kind !== "init") return undefined;
  const name = node.key.type === "Literal" ? String(node.key.value) : nameOf(node.key);
  const value = literalOf(node.value);
  return name === undefined || value === undefined ? undefined : { value: [name, value.value] };
}

/** Undefined when one of them is. */
function allOf<Node, Value>(
  nodes: readonly Node[],
  read: (node: Node) => { readonly value: Value } | undefined,
): { readonly value: readonly Value[] } | undefined {
  const values = nodes.map(read);
  const all = values.flatMap((box) => (box === undefined ? [] : [box.value]));
  return all.length === values.length ? { value: all } : undefined;
}

function nameOf(node: AnyNode): string | undefined {
  if (node.type === "Identifier") return node.name;
  return node.type === "Literal" ? String(node.value) : undefined;
}
