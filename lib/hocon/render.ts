import { isObject, type JsonObject, type JsonValue } from "./json.ts";

const INDENT = "    ";

/** Prints JSON as Typesafe's `ConfigRenderOptions.defaults` does without comments: keys sorted, a line end at the end. */
export function renderConfig(config: JsonObject): string {
  return `${render(config, "")}\n`;
}

function render(value: JsonValue, indent: string): string {
  const inner = indent + INDENT;
  if (Array.isArray(value)) {
    const items = value.map((item) => inner + render(item, inner));
    return items.length === 0 ? "[]" : `[\n${items.join(",\n")}\n${indent}]`;
  }
  if (!isObject(value)) return JSON.stringify(value);
  const fields = Object.entries(value)
    .sort(([a], [b]) => compareKeys(a, b))
    .map(([key, member]) => `${inner}${JSON.stringify(key)} : ${render(member, inner)}`);
  return fields.length === 0 ? "{}" : `{\n${fields.join(",\n")}\n${indent}}`;
}

/** Compares numbers by value, before all other keys; other keys by UTF-16 code units. */
function compareKeys(a: string, b: string): number {
  const [aIsNumber, bIsNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (aIsNumber && bIsNumber && a.length !== b.length) return a.length - b.length;
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
