import { badUpload } from "../problem.ts";
import type { UploadFiles } from "../upload/upload_files.ts";
import { parseJsonc } from "./jsonc.ts";

/** The relevant fields of a package.json. `exports` and `imports` are as Node documents them, unchecked. */
export interface Manifest {
  readonly exports: unknown;
  readonly imports: unknown;
  readonly module: string | undefined;
  readonly main: string | undefined;
}

const manifestsByUpload = new WeakMap<UploadFiles, Map<string, Manifest | undefined>>();

/** The package.json of a folder (`""` is the root); undefined if there is none. Parsed once for each upload. */
export function manifestIn(files: UploadFiles, folder: string): Manifest | undefined {
  const manifests = manifestsByUpload.get(files) ?? new Map<string, Manifest | undefined>();
  manifestsByUpload.set(files, manifests);
  if (!manifests.has(folder)) manifests.set(folder, parseManifest(files, folder));
  return manifests.get(folder);
}

const foldersByUpload = new WeakMap<UploadFiles, ReadonlyMap<string, string>>();

/** Folders of the upload's own packages, outside of `node_modules`, by package name. */
export function packageFolders(files: UploadFiles): ReadonlyMap<string, string> {
  const known = foldersByUpload.get(files);
  if (known !== undefined) return known;
  const folders = new Map<string, string>();
  for (const path of files.paths()) {
    if (!/(^|\/)package\.json$/.test(path) || /(^|\/)node_modules\//.test(path)) continue;
    // Some may be test fixtures that are not manifests at all.
    const json = parseJsonc(new TextDecoder().decode(files.get(path)));
    const name = isRecord(json) ? stringOrNothing(json.name) : undefined;
    if (name !== undefined && !folders.has(name)) folders.set(name, path.slice(0, -"/package.json".length));
  }
  foldersByUpload.set(files, folders);
  return folders;
}

function parseManifest(files: UploadFiles, folder: string): Manifest | undefined {
  const file = folder === "" ? "package.json" : `${folder}/package.json`;
  const content = files.get(file);
  if (content === undefined) return undefined;
  const json = parseJson(file, content);
  if (!isRecord(json)) throw badUpload("The package.json must be an object", { file, line: 1 });
  const { exports, imports, module, main } = json;
  return { exports, imports, module: stringOrNothing(module), main: stringOrNothing(main) };
}

function parseJson(file: string, content: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(content));
  } catch (error) {
    throw badUpload(error instanceof Error ? error.message : `${error}`, { file });
  }
}

/** The subpaths of `exports` with their targets; only `.` if it is not a map of subpaths. */
export function exportedSubpaths(exports: unknown): [subpath: string, target: unknown][] {
  if (!isRecord(exports)) return [[".", exports]];
  const entries = Object.entries(exports);
  return entries.some(([key]) => key.startsWith(".")) ? entries : [[".", exports]];
}

/** The target of a subpath (`.`, `./x`), also by the longest matching pattern (`./*`). Undefined if it is not exported. */
export function matchSubpath(
  subpaths: readonly [subpath: string, target: unknown][],
  subpath: string,
  { isRequire }: { isRequire: boolean },
): string | undefined {
  const exact = subpaths.find(([key]) => key === subpath && !key.includes("*"));
  if (exact !== undefined) return chooseTarget(exact[1], isRequire);
  const patterns = subpaths.filter(([key]) => key.includes("*")).sort(([a], [b]) => b.indexOf("*") - a.indexOf("*"));
  for (const [key, target] of patterns) {
    const [before = "", after = ""] = key.split("*");
    const length = subpath.length - before.length - after.length;
    if (length <= 0 || !subpath.startsWith(before) || !subpath.endsWith(after)) continue;
    const star = subpath.slice(before.length, before.length + length);
    return chooseTarget(target, isRequire)?.replaceAll("*", () => star);
  }
  return undefined;
}

/** The target of the first condition that applies, and the first of several alternatives. */
export function chooseTarget(target: unknown, isRequire: boolean): string | undefined {
  if (typeof target === "string") return target;
  if (Array.isArray(target)) return chooseTarget(target[0], isRequire);
  if (!isRecord(target)) return undefined;
  const conditions = ["deno", "node", isRequire ? "require" : "import", "default"];
  for (const [condition, inner] of Object.entries(target)) {
    const chosen = conditions.includes(condition) ? chooseTarget(inner, isRequire) : undefined;
    if (chosen !== undefined) return chosen;
  }
  return undefined;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function stringOrNothing(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
