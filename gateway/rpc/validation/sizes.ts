import { type DescField, type DescMessage, getOption, type Message } from "@bufbuild/protobuf";
import { fieldRules } from "../../../proto/mod.ts";
import { findFieldPaths, valueAt } from "../field_paths.ts";

/** Returns descriptions of the lists and maps that have more entries than the rules of the proto allow. */
type SizeCheck = (message: Message) => string[];

const checks = new WeakMap<DescMessage, SizeCheck>();

/** Finds lists and maps that are too large. The validator would find them too, but only after it has validated each entry, at up to 20 µs. */
export function oversized(desc: DescMessage, message: Message): string[] {
  const check = checks.get(desc) ?? createSizeCheck(desc);
  checks.set(desc, check);
  return check(message);
}

function createSizeCheck(desc: DescMessage): SizeCheck {
  const paths = findFieldPaths(desc, mostEntries);
  return (message) =>
    paths.flatMap(({ fields, found: most }) => {
      const value = valueAt(message, fields);
      const count = typeof value === "object" && value !== null ? Object.keys(value).length : 0;
      const name = fields.map((field) => field.name).join(".");
      return count > most ? [`${name}: must have at most ${most} entries, got ${count}`] : [];
    });
}

/** Undefined without a limit. */
function mostEntries(field: DescField): number | undefined {
  const { type } = getOption(field, fieldRules);
  const most = type.case === "map" ? type.value.maxPairs : type.case === "repeated" ? type.value.maxItems : undefined;
  return most === undefined || most === 0n ? undefined : Number(most);
}
