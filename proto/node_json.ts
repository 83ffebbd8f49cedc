import { Node } from "./gen/grpc/hearth/v1/node_service.ts";
import { wellFormedJson } from "./nesting.ts";

/**
 * Numbers of 64 bits in what nodes publish, by the names of protobuf's JSON, which has them as text (https://protobuf.dev/programming-guides/json/).
 * The node plane's generator writes them as numbers, and all else as that mapping says.
 */
const NODE_FIELDS = [
  ["load", "memoryBytes"],
  ["load", "promisedMemoryBytes"],
] as const;

/** A node as protobuf's JSON. */
export function printNode(node: Node): string {
  const json = Node.toJSON(node);
  for (const path of NODE_FIELDS) toText(json, path);
  return wellFormedJson(json);
}

function toText(json: unknown, path: readonly string[]): void {
  if (Array.isArray(json)) {
    for (const element of json) toText(element, path);
    return;
  }
  const [name = "", ...rest] = path;
  if (typeof json !== "object" || json === null || !(name in json)) return;
  const members = json as Record<string, unknown>;
  if (rest.length > 0) toText(members[name], rest);
  else members[name] = String(members[name]);
}
