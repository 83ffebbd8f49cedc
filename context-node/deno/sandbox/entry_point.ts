import type { JobContext, JobFunction, JobObject } from "../../hearth.ts";
import { LoadError } from "./bundles.ts";

type Exports = Readonly<Record<string, unknown>>;

/** The part of an entry point's name before the last `#`: where its module is; `""` is the program itself. */
export function subpathOf(name: string): string {
  return splitAtLast(name, "#")[0] ?? "";
}

/**
 * Finds `Export`, or `path#Export` where the bundle exports the namespace of a further file under its path. A dotted name
 * finds the export of its last part, an empty one the only entry point. Throws a LoadError that names those that exist.
 */
export function findEntryPoint(exports: Exports, name: string): JobObject {
  const [path, exportName] = splitAtLast(name, "#");
  const scope = path === undefined ? exports : exports[path];
  const module = isNamespace(scope) ? scope : undefined;
  const job = module && (jobNamed(module, exportName) ?? jobNamed(module, lastPart(exportName)));
  if (job !== undefined) return job;
  const known = [...entryPoints(exports)];
  const [only] = known;
  if (name === "" && only !== undefined && known.length === 1) return findEntryPoint(exports, only);
  const found = module && Object.hasOwn(module, exportName) ? `it is ${kindOf(module[exportName])}, no job; ` : "";
  const others = known.length === 0 ? "the binary exports no job" : `the binary has ${known.join(", ")}`;
  throw new LoadError(`Cannot run entry point "${name}": ${found}${others}`);
}

function jobNamed(exports: Exports, name: string): JobObject | undefined {
  const candidate = Object.hasOwn(exports, name) ? exports[name] : undefined;
  if (typeof candidate === "function") return { run: candidate as JobFunction<JobContext["config"]> };
  return isJobObject(candidate) ? candidate : undefined;
}

function* entryPoints(exports: Exports, prefix = ""): Generator<string> {
  for (const [name, value] of Object.entries(exports)) {
    if (jobNamed(exports, name) !== undefined) yield prefix + name;
    if (prefix === "" && isNamespace(value)) yield* entryPoints(value, `${name}#`);
  }
}

function isJobObject(value: unknown): value is JobObject {
  return typeof value === "object" && value !== null && "run" in value && typeof value.run === "function";
}

/** A namespace is an object of its own kind, or one that has a getter for each export: so bundlers make them. */
function isNamespace(value: unknown): value is Exports {
  if (typeof value !== "object" || value === null) return false;
  if (Object.prototype.toString.call(value) === "[object Module]") return true;
  const properties = Object.values(Object.getOwnPropertyDescriptors(value));
  return properties.length > 0 && properties.every(({ get }) => get !== undefined);
}

function kindOf(value: unknown): string {
  return typeof value === "object" ? `an object without "run"` : `of type ${typeof value}`;
}

function splitAtLast(text: string, separator: string): [string | undefined, string] {
  const at = text.lastIndexOf(separator);
  return at === -1 ? [undefined, text] : [text.slice(0, at), text.slice(at + 1)];
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
