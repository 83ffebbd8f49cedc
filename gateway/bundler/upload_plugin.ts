import { isUtf8 } from "node:buffer";
import { posix } from "node:path";
import type { Loader, OnLoadArgs, OnLoadResult, OnResolveArgs, OnResolveResult, Plugin } from "esbuild-wasm";
import type { Entry } from "./entries.ts";
import { BundleError } from "./problem.ts";
import { type ImportSite, type Resolution, resolveImport } from "./resolve.ts";
import type { UploadFiles } from "./upload_files.ts";
import { UPLOAD_ROOT } from "./upload_names.ts";

/** Where a build begins: at a file of the upload, or at a module that imports files by their paths. esbuild knows it by its index. */
export type BuildEntry = { readonly path: string } | { readonly source: string };

/** That of files, in which alone esbuild expands patterns. */
const FILE_NAMESPACE = "file";
const ENTRY_NAMESPACE = "entry";
const BUILTIN_NAMESPACE = "builtin";
const BUILTIN_DEFAULT_NAMESPACE = "builtin-default";

const LOADERS: Readonly<Record<string, Loader>> = {
  ".ts": "ts",
  ".mts": "ts",
  ".cts": "ts",
  ".js": "js",
  ".mjs": "js",
  ".cjs": "js",
  ".json": "json",
  ".txt": "text",
};

/** `import … with { type }`. */
const LOADERS_BY_TYPE: Readonly<Record<string, Loader>> = { json: "json", text: "text", bytes: "binary" };

/**
 * Owns every resolve and every load of a build: what is not in the upload is a problem of the import that asked for it. Only what an import
 * pattern (`./locale/${name}.ts`) matches, esbuild finds by itself: among the names that it is shown.
 */
export function uploadPlugin(files: UploadFiles, entries: readonly BuildEntry[]): Plugin {
  return {
    name: "upload",
    setup(build) {
      build.onResolve({ filter: /^/ }, (args) => resolveAny(files, entries, args));
      build.onLoad({ filter: /^/, namespace: FILE_NAMESPACE }, (args) => loadFile(files, args));
      build.onLoad({ filter: /^/, namespace: ENTRY_NAMESPACE }, ({ pluginData }) => ({
        contents: pluginData,
        loader: "js",
      }));
      // `require("events")` must give the module itself; an ES module has it as its default export.
      build.onLoad({ filter: /^/, namespace: BUILTIN_NAMESPACE }, ({ path }) => ({
        contents: `module.exports = require(${JSON.stringify(path)}).default`,
        loader: "js",
      }));
      build.onLoad({ filter: /^/, namespace: BUILTIN_DEFAULT_NAMESPACE }, ({ path }) => ({
        contents: `export { default } from ${JSON.stringify(path)}`,
        loader: "js",
      }));
      build.onLoad({ filter: /^/ }, ({ path }) => problem(`Cannot load ${JSON.stringify(path)}`));
    },
  };
}

/** The module of a package with several entries: `.` as it is, each further one under its subpath. */
export function packageEntrySource(entries: readonly Entry[], options: { hasDefault: boolean }): string {
  return entries
    .flatMap(({ subpath, path }) => {
      const from = `from ${JSON.stringify(path)};`;
      if (subpath !== "") return [`export * as ${JSON.stringify(subpath)} ${from}`];
      return [`export * ${from}`, ...(options.hasDefault ? [`export { default } ${from}`] : [])];
    })
    .join("\n");
}

function resolveAny(files: UploadFiles, entries: readonly BuildEntry[], args: OnResolveArgs): OnResolveResult {
  const { path, kind, namespace } = args;
  if (kind === "entry-point") {
    const entry = entries[Number(path)];
    if (entry === undefined) return problem(`Cannot enter at ${JSON.stringify(path)}`);
    if ("path" in entry) return resolvedFile(entry.path, {});
    return { path: "package", namespace: ENTRY_NAMESPACE, pluginData: entry.source };
  }
  switch (namespace) {
    case ENTRY_NAMESPACE:
      return resolvedFile(path, {});
    case BUILTIN_NAMESPACE:
      return { path, namespace: BUILTIN_DEFAULT_NAMESPACE };
    case BUILTIN_DEFAULT_NAMESPACE:
      return { path, external: true };
    case FILE_NAMESPACE:
      return resolveInUpload(files, args);
    default:
      return problem(`Cannot import ${JSON.stringify(path)}`);
  }
}

function resolveInUpload(
  files: UploadFiles,
  { path, kind, importer, with: attributes }: OnResolveArgs,
): OnResolveResult {
  const site = { specifier: path, importer: authorsPath(importer), isRequire: kind.startsWith("require") };
  const resolution = resolvedOrFault(files, site);
  switch (resolution.type) {
    case "file":
      return resolvedFile(resolution.path, attributes);
    case "builtin": {
      const builtin = `node:${resolution.name}`;
      return site.isRequire ? { path: builtin, namespace: BUILTIN_NAMESPACE } : { path: builtin, external: true };
    }
    case "absent":
      return { path: site.specifier, external: true };
    case "fault":
      return problem(resolution.text);
    default:
      return resolution satisfies never;
  }
}

/** What cannot be loaded is refused where it is imported. */
function resolvedFile(path: string, attributes: Readonly<Record<string, string>>): OnResolveResult {
  const how = loaderOf(path, attributes);
  return "fault" in how ? problem(how.fault) : { path: `${UPLOAD_ROOT}/${path}`, namespace: FILE_NAMESPACE };
}

function authorsPath(path: string): string {
  return path.slice(UPLOAD_ROOT.length + 1);
}

/** esbuild must not see errors thrown: it would tell where in our source they came from. */
function resolvedOrFault(files: UploadFiles, site: ImportSite): Resolution {
  try {
    return resolveImport(files, site);
  } catch (error) {
    if (error instanceof BundleError) return { type: "fault", text: error.message };
    throw error;
  }
}

function loadFile(files: UploadFiles, args: OnLoadArgs): OnLoadResult {
  const path = authorsPath(args.path);
  const contents = files.get(path);
  if (contents === undefined) return problem(`The upload has no file ${JSON.stringify(path)}`);
  const how = loaderOf(path, args.with);
  // A pattern matched it, among other files: it fails only who imports this one.
  if ("fault" in how) return { contents: `throw new Error(${JSON.stringify(how.fault)})`, loader: "js" };
  const { loader } = how;
  if (loader !== "binary" && !isUtf8(contents)) return problem(`The file "${path}" is not UTF-8 text`);
  return { contents, loader };
}

function loaderOf(
  path: string,
  attributes: Readonly<Record<string, string>>,
): { readonly loader: Loader } | { readonly fault: string } {
  const { type, ...others } = attributes;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return { fault: `The import attribute ${JSON.stringify(unknown)} is not known` };
  const loader = type === undefined ? LOADERS[posix.extname(path)] : LOADERS_BY_TYPE[type];
  if (loader !== undefined) return { loader };
  return {
    fault:
      `Cannot tell how to load "${path}"${type === undefined ? "" : ` as "${type}"`}: ` +
      `a module ends in ${Object.keys(LOADERS).join(", ")}; else import it with { type: "text" } or { type: "bytes" }`,
  };
}

function problem(text: string): { errors: { text: string }[] } {
  return { errors: [{ text }] };
}
