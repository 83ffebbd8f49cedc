import type { Entry } from "../build/entries.ts";
import { MANIFEST } from "./job_manifest.ts";
import { canRun, nameKind, UNKNOWN, type Value } from "./values.ts";

/** Maximum length of an entry point in a request, in characters; see `SubmitJobRequest` in the API. */
const MOST_CHARACTERS = 512;

/** Advice about a name with the separator of modules and exports. */
export const NAME_IT = 'name it without "#"';

/** The exports of a module that callers may run, and the reasons for those that are not listed. */
export interface ListedExports {
  /** `Export`, `subpath#Export`, or `module#Export` for a namespace that the package exports. Sorted within their module. */
  readonly entryPoints: readonly string[];
  readonly reasons: readonly string[];
}

/** Lists the exports of one entry, as the sandbox resolves them. */
export function listExports({ subpath }: Pick<Entry, "subpath">, values: ReadonlyMap<string, Value>): ListedExports {
  const entryPoints: string[] = [];
  const reasons: string[] = [];
  for (const [name, value] of [...values].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (name === MANIFEST) continue;
    const full = subpath === "" ? name : `${subpath}#${name}`;
    const inner = value.type === "namespace" && subpath === "" ? jobsIn(name, value.members) : [];
    const reason = inner.length > 0 && !canRun(value) ? undefined : whyNot(full, { name, value });
    if (reason !== undefined) reasons.push(reason);
    else if (canRun(value)) entryPoints.push(full);
    entryPoints.push(...inner);
  }
  return { entryPoints, reasons };
}

/** Exports known by their names only. */
export function unknownValues(names: readonly string[]): ReadonlyMap<string, Value> {
  return new Map(names.map((name) => [name, UNKNOWN]));
}

function jobsIn(module: string, members: ReadonlyMap<string, Value>): string[] {
  const names = [...members].filter(([name, value]) => value.type !== "namespace" && canRun(value) && isSayable(name));
  return names.map(([name]) => `${module}#${name}`).sort();
}

function whyNot(full: string, { name, value }: { readonly name: string; readonly value: Value }): string | undefined {
  const shown = full.length > 100 ? `${full.slice(0, 100)}…` : full;
  if (name.includes("#")) return `The export "${shown}" cannot be an entry point: ${NAME_IT}`;
  if (name === "") return `The export "" cannot be an entry point: it has no name`;
  if (!isSayable(full))
    return `The export "${shown}" cannot be an entry point: its name is longer than ${MOST_CHARACTERS} characters`;
  return canRun(value) ? undefined : `The export "${shown}" is not an entry point: it is ${nameKind(value)}`;
}

function isSayable(name: string): boolean {
  return name.length <= MOST_CHARACTERS && name !== "";
}
