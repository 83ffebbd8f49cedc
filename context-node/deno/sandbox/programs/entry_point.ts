import type { JobContext, JobFunction, JobObject } from "../../../hearth.ts";
import {
  getOwnPropertyDescriptor,
  getOwnPropertyNames,
  hasOwn,
  join,
  keys,
  lastIndexOf,
  push,
  slice,
  toText,
} from "../confinement/primordials.ts";
import { LoadError } from "./bundles.ts";

type Exports = Readonly<Record<string, unknown>>;

/** The part of an entry point's name before the last `#`: where its module is; `""` is the program itself. */
export function subpathOf(name: string): string {
  return splitAtLast(name, "#").before ?? "";
}

/**
 * Finds `Export`, or `path#Export` where the bundle exports the namespace of a further file under its path. A dotted name
 * finds the export of its last part, an empty one the only entry point. Throws a LoadError that names those that exist.
 */
export function findEntryPoint(exports: Exports, name: string): JobObject {
  const { before: path, after: exportName } = splitAtLast(name, "#");
  const scope = path === undefined ? exports : exports[path];
  const module = isNamespace(scope) ? scope : undefined;
  const job = module && (jobNamed(module, exportName) ?? jobNamed(module, lastPart(exportName)));
  if (job !== undefined) return job;
  const known = entryPoints(exports, "");
  const only = known[0];
  if (name === "" && only !== undefined && known.length === 1) return findEntryPoint(exports, only);
  const found = module && hasOwn(module, exportName) ? `it is ${kindOf(module[exportName])}, no job; ` : "";
  const others = known.length === 0 ? "the binary exports no job" : `the binary has ${join(known, ", ")}`;
  throw new LoadError(`Cannot run entry point "${name}": ${found}${others}`);
}

function jobNamed(exports: Exports, name: string): JobObject | undefined {
  const candidate = hasOwn(exports, name) ? exports[name] : undefined;
  if (typeof candidate === "function") return { run: candidate as JobFunction<JobContext["config"]> };
  return isJobObject(candidate) ? candidate : undefined;
}

function entryPoints(exports: Exports, prefix: string): string[] {
  const found: string[] = [];
  const names = keys(exports);
  for (let index = 0; index < names.length; index++) {
    const name = names[index] as string;
    const value = exports[name];
    if (jobNamed(exports, name) !== undefined) push(found, prefix + name);
    if (prefix !== "" || !isNamespace(value)) continue;
    const inside = entryPoints(value, `${name}#`);
    for (let each = 0; each < inside.length; each++) push(found, inside[each] as string);
  }
  return found;
}

function isJobObject(value: unknown): value is JobObject {
  return typeof value === "object" && value !== null && "run" in value && typeof value.run === "function";
}

/** A namespace is an object of its own kind, or one that has a getter for each export: so bundlers make them. */
function isNamespace(value: unknown): value is Exports {
  if (typeof value !== "object" || value === null) return false;
  if (toText(value) === "[object Module]") return true;
  const names = getOwnPropertyNames(value);
  for (let index = 0; index < names.length; index++) {
    if (getOwnPropertyDescriptor(value, names[index] as string)?.get === undefined) return false;
  }
  return names.length > 0;
}

function kindOf(value: unknown): string {
  return typeof value === "object" ? `an object without "run"` : `of type ${typeof value}`;
}

function splitAtLast(text: string, separator: string): { before: string | undefined; after: string } {
  const at = lastIndexOf(text, separator);
  return at === -1 ? { before: undefined, after: text } : { before: slice(text, 0, at), after: slice(text, at + 1) };
}

function lastPart(name: string): string {
  return slice(name, lastIndexOf(name, ".") + 1);
}
