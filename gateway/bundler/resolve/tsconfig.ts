import { posix } from "node:path";
import type { UploadFiles } from "../upload/upload_files.ts";
import { parseJsonc } from "./jsonc.ts";
import { isRecord } from "./package_json.ts";

/** The nearest tsconfig.json of a file, merged with those that it extends. */
export interface Tsconfig {
  /** Path in the upload. */
  readonly file: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Base folders of `paths` and `baseUrl`. */
  readonly pathsFolder: string;
  readonly baseUrl: string | undefined;
  /** Extended configurations that the upload lacks. */
  readonly missing: readonly string[];
  /** Paths of configurations, including extended ones, that are not a JSON object. */
  readonly unread: readonly string[];
}

/** In search order; `deno.json` has the options under `compilerOptions`, too. */
const NAMES = ["tsconfig.json", "jsconfig.json", "deno.json", "deno.jsonc"];

/** Maximum length of a chain of extended configurations. */
const MOST_EXTENDED = 20;

const tsconfigsByUpload = new WeakMap<UploadFiles, Map<string, Tsconfig | undefined>>();

/** The configuration in the folder of a file, or in the nearest one above; a package uses only its own. Parsed once for each upload. */
export function tsconfigOf(files: UploadFiles, path: string): Tsconfig | undefined {
  const known = tsconfigsByUpload.get(files) ?? new Map<string, Tsconfig | undefined>();
  tsconfigsByUpload.set(files, known);
  const find = (folder: string): Tsconfig | undefined => {
    if (known.has(folder)) return known.get(folder);
    const name = NAMES.map((each) => posix.join(folder, each)).find((each) => files.has(each));
    const isTop = folder === "" || /(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/.test(folder);
    const found = name === undefined ? (isTop ? undefined : find(folderOf(folder))) : read(files, name, []);
    known.set(folder, found);
    return found;
  };
  return find(folderOf(path));
}

/** Reads a configuration; later values override earlier ones. */
function read(files: UploadFiles, file: string, seen: readonly string[]): Tsconfig {
  const json = parseJsonc(new TextDecoder().decode(files.get(file)));
  const folder = folderOf(file);
  if (!isRecord(json))
    return { file, options: {}, pathsFolder: folder, baseUrl: undefined, missing: [], unread: [file] };
  const own = isRecord(json.compilerOptions) ? json.compilerOptions : {};
  const bases: Tsconfig[] = [];
  const missing: string[] = [];
  for (const name of [json.extends].flat().filter((each) => typeof each === "string")) {
    const path = extendedFile(files, file, name);
    const isCircle = path !== undefined && (seen.includes(path) || seen.length > MOST_EXTENDED);
    const base = path === undefined || isCircle ? undefined : read(files, path, [...seen, file]);
    if (base === undefined) missing.push(name);
    else bases.push(base);
  }
  const last = <Value>(values: readonly Value[]): Value | undefined => values.at(-1);
  return {
    file,
    options: Object.assign({}, ...bases.map(({ options }) => options), own),
    pathsFolder:
      own.paths === undefined
        ? (last(bases.filter(({ options }) => options.paths !== undefined).map(({ pathsFolder }) => pathsFolder)) ??
          folder)
        : folder,
    baseUrl:
      typeof own.baseUrl === "string"
        ? posix.join(folder, own.baseUrl)
        : last(bases.flatMap(({ baseUrl }) => baseUrl ?? [])),
    missing: [...bases.flatMap((base) => base.missing), ...missing],
    unread: bases.flatMap((base) => base.unread),
  };
}

/** Resolves `extends` as TypeScript does: a path, or a package in a `node_modules` folder above. */
function extendedFile(files: UploadFiles, file: string, name: string): string | undefined {
  const candidates = (base: string) =>
    [base, `${base}.json`, `${base}/tsconfig.json`].map((each) => posix.normalize(each));
  if (/^\.\.?(\/|$)/.test(name)) {
    return candidates(posix.join(folderOf(file), name)).find((each) => !each.startsWith("..") && files.has(each));
  }
  if (name.startsWith("/")) return undefined;
  for (let folder = folderOf(file); ; folder = folderOf(folder)) {
    const found = candidates(posix.join(folder, "node_modules", name)).find((each) => files.has(each));
    if (found !== undefined || folder === "") return found;
  }
}

/** Candidates of a name by `paths` and `baseUrl`, in search order, as paths in the upload. */
export function mappedPaths({ options, pathsFolder, baseUrl }: Tsconfig, specifier: string): string[] {
  const root = baseUrl ?? pathsFolder;
  const paths = isRecord(options.paths) ? Object.entries(options.paths) : [];
  const matching = paths
    .flatMap(([pattern, targets]) => {
      const [before = "", after] = pattern.split("*", 2);
      if (after === undefined) return pattern === specifier ? [{ weight: Infinity, targets, star: "" }] : [];
      const fits =
        specifier.length >= before.length + after.length && specifier.startsWith(before) && specifier.endsWith(after);
      const star = specifier.slice(before.length, specifier.length - after.length);
      return fits ? [{ weight: before.length, targets, star }] : [];
    })
    .sort((a, b) => b.weight - a.weight);
  const [best] = matching;
  const targets = Array.isArray(best?.targets) ? best.targets.filter((target) => typeof target === "string") : [];
  const mapped = targets.map((target) =>
    posix.join(
      root,
      target.replace("*", () => best?.star ?? ""),
    ),
  );
  const all = baseUrl === undefined ? mapped : [...mapped, posix.join(baseUrl, specifier)];
  return all.filter((path) => path !== ".." && !path.startsWith("../") && !path.startsWith("/"));
}

function folderOf(path: string): string {
  const folder = posix.dirname(path);
  return folder === "." ? "" : folder;
}
