import { isUtf8 } from "node:buffer";
import { posix } from "node:path";
import type {
  Loader,
  OnLoadArgs,
  OnLoadResult,
  OnResolveArgs,
  OnResolveResult,
  Plugin,
  TsconfigRaw,
} from "esbuild-wasm";
import { BundleError } from "../problem.ts";
import { type ImportSite, isOfDependency } from "../resolve/import_site.ts";
import { type Resolution, resolveImport } from "../resolve/resolve.ts";
import type { UploadFiles } from "../upload/upload_files.ts";
import { configWarnings, ownOptions } from "./compile_options.ts";
import type { Esbuild } from "./esbuild.ts";
import { UPLOAD_ROOT } from "./upload_file_system.ts";

/**
 * The start of a build: a file of the upload, or a generated module that imports files by their paths, and further generated modules by the
 * names in it. esbuild refers to it by index.
 */
export type BuildEntry =
  | { readonly path: string }
  | { readonly source: string; readonly modules: ReadonlyMap<string, string> };

/** The part of an upload that a build uses. */
export interface BuildInput {
  readonly files: UploadFiles;
  readonly esbuild: Esbuild;
  /** Compiler options of the build; files with other options are compiled separately. */
  readonly compilerOptions: NonNullable<TsconfigRaw["compilerOptions"]>;
  /** Receives warnings for the author. */
  readonly warn: (text: string) => void;
}

/** esbuild expands import patterns only in this namespace. */
const FILE_NAMESPACE = "file";
const ENTRY_NAMESPACE = "entry";
const BUILTIN_NAMESPACE = "builtin";
const BUILTIN_DEFAULT_NAMESPACE = "builtin-default";

/** Files named `.js` often contain JSX. */
const LOADERS: Readonly<Record<string, Loader>> = {
  ".ts": "ts",
  ".tsx": "tsx",
  ".mts": "ts",
  ".cts": "ts",
  ".js": "jsx",
  ".jsx": "jsx",
  ".mjs": "jsx",
  ".cjs": "jsx",
  ".json": "json",
  ".txt": "text",
};

/** For `import … with { type }`. */
const LOADERS_BY_TYPE: Readonly<Record<string, Loader>> = { json: "json", text: "text", bytes: "binary" };

/**
 * Resolves and loads every module of a build: an import that leaves the upload is a problem. Only for import patterns
 * (`./locale/${name}.ts`), esbuild itself matches the visible file names.
 */
export function uploadPlugin(input: BuildInput, entries: readonly BuildEntry[]): Plugin {
  const { files } = input;
  return {
    name: "upload",
    setup(build) {
      build.onResolve({ filter: /^/ }, (args) => resolveAny(files, entries, args));
      build.onLoad({ filter: /^/, namespace: FILE_NAMESPACE }, (args) => loadFile(input, args));
      build.onLoad({ filter: /^/, namespace: ENTRY_NAMESPACE }, ({ pluginData }) => ({
        contents: pluginData,
        loader: "js",
      }));
      // `require("events")` must return the module itself, which an ES module has as its default export.
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
      return resolveFromEntry(entries, path);
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

/** Resolves an import of a generated module: another generated module by name, or a file by path. */
function resolveFromEntry(entries: readonly BuildEntry[], path: string): OnResolveResult {
  const source = entries.flatMap((entry) => ("path" in entry ? [] : (entry.modules.get(path) ?? [])))[0];
  return source === undefined ? resolvedFile(path, {}) : { path, namespace: ENTRY_NAMESPACE, pluginData: source };
}

function resolveInUpload(
  files: UploadFiles,
  { path, kind, importer, with: attributes }: OnResolveArgs,
): OnResolveResult {
  const site = {
    specifier: path,
    importer: authorsPath(importer),
    isRequire: kind.startsWith("require"),
    isLate: kind.startsWith("require") || kind === "dynamic-import",
  };
  const resolution = resolvedOrFault(files, site);
  switch (resolution.type) {
    case "file":
      return resolvedFile(resolution.path, attributes, { mayFailLate: isOfDependency(site) && site.isLate });
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

/** Reports a file that cannot be loaded at its import. In a dependency that may do without it, the import fails at run time. */
function resolvedFile(
  path: string,
  attributes: Readonly<Record<string, string>>,
  { mayFailLate = false }: { readonly mayFailLate?: boolean } = {},
): OnResolveResult {
  const how = loaderOf(path, attributes);
  if ("fault" in how && !mayFailLate) return problem(how.fault);
  return { path: `${UPLOAD_ROOT}/${path}`, namespace: FILE_NAMESPACE };
}

function authorsPath(path: string): string {
  return path.slice(UPLOAD_ROOT.length + 1);
}

/** Catches errors: esbuild would report their position in our own source. */
function resolvedOrFault(files: UploadFiles, site: ImportSite): Resolution {
  try {
    return resolveImport(files, site);
  } catch (error) {
    if (error instanceof BundleError) return { type: "fault", text: error.message };
    throw error;
  }
}

async function loadFile(input: BuildInput, args: OnLoadArgs): Promise<OnLoadResult> {
  const { files } = input;
  const path = authorsPath(args.path);
  const contents = files.get(path);
  if (contents === undefined) return problem(`The upload has no file ${JSON.stringify(path)}`);
  const how = loaderOf(path, args.with);
  // Matched by a pattern, among other files: only the import of this file fails.
  if ("fault" in how) return { contents: `throw new Error(${JSON.stringify(how.fault)})`, loader: "js" };
  const { loader } = how;
  if (loader !== "binary" && !isUtf8(contents)) return problem(`The file "${path}" is not UTF-8 text`);
  const isTypeScript = loader === "ts" || loader === "tsx";
  if (!isTypeScript && loader !== "jsx") return { contents, loader };
  const text = new TextDecoder().decode(contents);
  if (isTypeScript) for (const warning of configWarnings(files, path, text)) input.warn(warning);
  const options = ownOptions(files, { path, text, isTypeScript }, input.compilerOptions);
  return options === undefined ? { contents, loader } : compiled(input, { path, text, loader }, options);
}

/** Compiles a file whose options differ from those of the build: a build has one set only. */
async function compiled(
  { esbuild }: BuildInput,
  { path, text, loader }: { readonly path: string; readonly text: string; readonly loader: Loader },
  compilerOptions: BuildInput["compilerOptions"],
): Promise<OnLoadResult> {
  const code = await esbuild
    .transform(text, {
      loader,
      tsconfigRaw: { compilerOptions },
      target: "esnext",
      // No class fields must remain for the build, whose option may differ.
      supported: { decorators: false, "class-field": false, "class-static-field": false },
      keepNames: true,
      charset: "utf8",
      sourcefile: posix.basename(path),
      sourcemap: "inline",
      logLevel: "silent",
    })
    // The build reports errors, with their positions.
    .then(({ code }) => code)
    .catch(() => text);
  // Returned as TypeScript, so that esbuild knows that a re-export may be a type.
  return { contents: code, loader };
}

function loaderOf(
  path: string,
  attributes: Readonly<Record<string, string>>,
): { readonly loader: Loader } | { readonly fault: string } {
  const { type, ...others } = attributes;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return { fault: `The import attribute ${JSON.stringify(unknown)} is not known` };
  const extension = posix.extname(path);
  const loader = type === undefined ? LOADERS[extension] : LOADERS_BY_TYPE[type];
  if (loader !== undefined) return { loader };
  if (extension === ".node") return { fault: `Cannot load "${path}": native code does not run in a sandbox` };
  return {
    fault:
      `Cannot tell how to load "${path}"${type === undefined ? "" : ` as "${type}"`}: ` +
      `a module ends in ${Object.keys(LOADERS).join(", ")}; else import it with { type: "text" } or { type: "bytes" }`,
  };
}

function problem(text: string): { errors: { text: string }[] } {
  return { errors: [{ text }] };
}
