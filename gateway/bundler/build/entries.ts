import { posix } from "node:path";
import { type BundleProblem, badUpload } from "../problem.ts";
import { parseJsonc } from "../resolve/jsonc.ts";
import { chooseTarget, exportedSubpaths, isRecord, manifestIn } from "../resolve/package_json.ts";
import { findFile } from "../resolve/resolve.ts";
import type { Upload } from "../upload/read_upload.ts";
import type { UploadFiles } from "../upload/upload_files.ts";

/** A file whose exports are entry points. */
export interface Entry {
  /** `""` for the package itself, `reports` for its export `./reports`. */
  readonly subpath: string;
  /** Path in the upload. */
  readonly path: string;
}

/** Extensions of modules, in search order. */
const EXTENSIONS = ["ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs"];
const MODULE = /\.(?:[mc]?[jt]s|[jt]sx)$/;
const DECLARATION = /\.d\.[mc]?ts$/;

/** Default names of an entry without a manifest, in the folder itself and then in `src`. */
const DEFAULT_NAMES = ["index", "mod", "main"];
const DEFAULT_FOLDERS = ["", "src/"];

/** Maximum number of files listed in the error that no entry was found. */
const MOST_SHOWN = 10;

/** Receives a warning for the author of the upload. */
type Warn = (text: string) => void;

/** The entries of an upload: the package itself first, then its subpaths by name. At least one. */
export function listEntries(upload: Upload, warn: Warn): Entry[] {
  if (upload.type === "file") return [{ subpath: "", path: upload.path }];
  const { files } = upload;
  const { exports, module, main } = manifestIn(files, "") ?? {};
  if (exports !== undefined && exports !== null) return exportedEntries(files, { exports, file: "package.json" });
  const named = module ?? main;
  if (named !== undefined) return [{ subpath: "", path: targetFile(files, { target: named, file: "package.json" }) }];
  const file = DENO_MANIFESTS.find((name) => denoExports(files, name) !== undefined);
  if (file !== undefined) return exportedEntries(files, { exports: denoExports(files, file), file });
  return [{ subpath: "", path: defaultEntry(files, warn) }];
}

/** Manifests of Deno and JSR, with `exports` as in a package.json. */
const DENO_MANIFESTS = ["deno.json", "deno.jsonc", "jsr.json"];

function denoExports(files: UploadFiles, file: string): unknown {
  const content = files.get(file);
  const json = content === undefined ? undefined : parseJsonc(new TextDecoder().decode(content));
  return isRecord(json) ? json.exports : undefined;
}

/** The file with a default name, otherwise the only module of the upload. */
function defaultEntry(files: UploadFiles, warn: Warn): string {
  const candidates = DEFAULT_FOLDERS.flatMap((folder) =>
    DEFAULT_NAMES.flatMap((name) => EXTENSIONS.map((extension) => `${folder}${name}.${extension}`)),
  ).filter((path) => files.has(path));
  const [first] = candidates;
  if (first !== undefined) {
    const other = candidates.find(
      (path) => baseName(path) !== baseName(first) && posix.dirname(path) === posix.dirname(first),
    );
    if (other !== undefined) {
      warn(`The entry is ${first}, and not ${other}: name the one that you mean in package.json ("main" or "exports")`);
    }
    return first;
  }
  const paths = [...files.paths()];
  const modules = paths.filter(
    (path) => MODULE.test(path) && !DECLARATION.test(path) && !/(^|\/)node_modules\//.test(path),
  );
  const sources = modules.filter((path) => !/\.(?:test|spec|config)\.\w+$/.test(path));
  const [only] = sources;
  if (only !== undefined && sources.length === 1) return only;
  throw badUpload(noEntry(paths, sources));
}

function noEntry(paths: readonly string[], sources: readonly string[]): string {
  const looked = `package.json ("exports", "module" or "main"), ${DEFAULT_NAMES.join(", ")} with .ts, .js or a similar extension, and the same in src/`;
  const shown = sources.length > 0 ? sources : paths.filter((path) => !/(^|\/)node_modules\//.test(path));
  const more = shown.length > MOST_SHOWN ? ` and ${shown.length - MOST_SHOWN} more` : "";
  const isTypesOnly = sources.length === 0 && paths.some((path) => DECLARATION.test(path));
  const why = isTypesOnly ? "; files that end in .d.ts have types only" : "";
  return `The upload has no entry: looked for ${looked}; it holds ${shown.slice(0, MOST_SHOWN).join(", ")}${more}${why}`;
}

function baseName(path: string): string {
  return posix.basename(path).replace(MODULE, "");
}

interface Exporting {
  readonly exports: unknown;
  /** The manifest that declares them. */
  readonly file: string;
}

function exportedEntries(files: UploadFiles, { exports, file }: Exporting): Entry[] {
  const entries = exportedSubpaths(exports).flatMap(([key, target]) => {
    const chosen = chooseTarget(target, false) ?? chooseTarget(target, true);
    // `null` hides a subpath. Data (`"./package.json": "./package.json"`), stylesheets and types hold no jobs.
    if (chosen === undefined || isNoModule(chosen)) return [];
    if (key.includes("*")) {
      throw badUpload(`Cannot list what "${key}" exports: name each subpath`, placeOf(files, { word: key, file }));
    }
    if (key !== "." && !key.startsWith("./"))
      throw badUpload(`The subpath "${key}" must begin with "./"`, placeOf(files, { word: key, file }));
    return [{ subpath: key.slice("./".length), path: targetFile(files, { target: chosen, file }) }];
  });
  if (entries.length === 0) throw badUpload(`"exports" names no module`, placeOf(files, { word: "exports", file }));
  return entries.sort((a, b) => (a.subpath < b.subpath ? -1 : 1));
}

/** A target may omit its extension. */
function isNoModule(target: string): boolean {
  return DECLARATION.test(target) || /\.(?:json|css|scss|html|wasm|node|md|txt|svg|png)$/.test(target);
}

interface Named {
  readonly target: string;
  readonly file: string;
}

function targetFile(files: UploadFiles, { target, file }: Named): string {
  const path = posix.normalize(target);
  const leaves = path.startsWith("/") || path === ".." || path.startsWith("../");
  const found = leaves ? undefined : findFile(files, path);
  if (found !== undefined) return found;
  const isBuilt = /^(?:\.\/)?(?:dist|build|lib|out)\//.test(target);
  const hint = isBuilt ? ": build the program before it is packed, or name its source" : "";
  throw badUpload(`The upload has no file "${target}"${hint}`, placeOf(files, { word: target, file }));
}

/** The first line of the manifest with the word in quotes. */
function placeOf(files: UploadFiles, { word, file }: { word: string; file: string }): Omit<BundleProblem, "text"> {
  const lines = new TextDecoder().decode(files.get(file)).split("\n");
  const index = lines.findIndex((line) => line.includes(JSON.stringify(word)));
  return { file, line: index === -1 ? 1 : index + 1 };
}
