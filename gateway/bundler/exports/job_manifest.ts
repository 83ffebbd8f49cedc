import type { AnyNode, Property, SpreadElement } from "acorn";
import { badUpload } from "../problem.ts";

/** The export with the manifest of a module's jobs. */
export const MANIFEST = "manifest";

const WHAT_IT_IS = "must be a literal of objects, arrays, texts, numbers and booleans: it is read, and never run";

/**
 * Reads the value of a module's export `manifest` from its syntax, without running the module. Throws a BundleError unless it is a literal.
 * `file` is the author's file, as far as known.
 */
export function readManifest(node: AnyNode | undefined, file: string): unknown {
  const literal = node === undefined ? undefined : literalOf(node);
  if (literal === undefined) throw badUpload(`The export "${MANIFEST}" ${WHAT_IT_IS}`, { file });
  return literal.value;
}

/**
 * The last line of every bundle: the manifests by module subpath (`""` is the package itself). Nodes read it. It is present even without
 * manifests, so that no text of the author can take its place.
 */
export function manifestLine(manifests: ReadonlyMap<string, unknown>): string {
  const json = JSON.stringify(Object.fromEntries(manifests));
  // These two characters end a line of JavaScript, and so the comment.
  return `//# manifests=${json.replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029")}\n`;
}

/** Boxed, because a literal may be any value; undefined if the node is not a literal. */
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

/** Undefined if the result of any item is undefined. */
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
