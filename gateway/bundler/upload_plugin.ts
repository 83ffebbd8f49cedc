import { isUtf8 } from "node:buffer";
import { posix } from "node:path";
import type { Loader, OnLoadArgs, OnLoadResult, OnResolveArgs, OnResolveResult, Plugin } from "esbuild";
import type { Entry } from "./entries.ts";
import { BundleError } from "./problem.ts";
import { type ImportSite, type Resolution, resolveImport } from "./resolve.ts";
import type { UploadFiles } from "./upload.ts";

/** The namespace of the upload's files in esbuild's output. */
export const UPLOAD_NAMESPACE = "upload";

/** The entry that stands for a package with several. */
export const PACKAGE_ENTRY = "package";

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
 * Owns every resolve and every load of a build, so that esbuild never looks at a disk: what is not in the upload is a
 * problem of the import that asked for it.
 */
export function uploadPlugin(files: UploadFiles, packageEntry: string): Plugin {
  return {
    name: "upload",
    setup(build) {
      build.onResolve({ filter: /^/ }, (args) => resolveAny(files, args));
      build.onLoad({ filter: /^/, namespace: UPLOAD_NAMESPACE }, (args) => loadFile(files, args));
      build.onLoad({ filter: /^/, namespace: ENTRY_NAMESPACE }, () => ({ contents: packageEntry, loader: "js" }));
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

function resolveAny(files: UploadFiles, { path, kind, importer, namespace }: OnResolveArgs): OnResolveResult {
  if (kind === "entry-point") {
    return path === PACKAGE_ENTRY ? { path, namespace: ENTRY_NAMESPACE } : { path, namespace: UPLOAD_NAMESPACE };
  }
  switch (namespace) {
    case ENTRY_NAMESPACE:
      return { path, namespace: UPLOAD_NAMESPACE };
    case BUILTIN_NAMESPACE:
      return { path, namespace: BUILTIN_DEFAULT_NAMESPACE };
    case BUILTIN_DEFAULT_NAMESPACE:
      return { path, external: true };
    case UPLOAD_NAMESPACE:
      return resolveInUpload(files, { specifier: path, importer, isRequire: kind.startsWith("require") });
    default:
      return problem(`Cannot import ${JSON.stringify(path)}`);
  }
}

function resolveInUpload(files: UploadFiles, site: ImportSite): OnResolveResult {
  const resolution = resolvedOrFault(files, site);
  switch (resolution.type) {
    case "file":
      return { path: resolution.path, namespace: UPLOAD_NAMESPACE };
    case "builtin": {
      const path = `node:${resolution.name}`;
      return site.isRequire ? { path, namespace: BUILTIN_NAMESPACE } : { path, external: true };
    }
    case "absent":
      return { path: site.specifier, external: true };
    case "fault":
      return problem(resolution.text);
    default:
      return resolution satisfies never;
  }
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

function loadFile(files: UploadFiles, { path, with: attributes }: OnLoadArgs): OnLoadResult {
  const contents = files.get(path);
  if (contents === undefined) return problem(`The upload has no file ${JSON.stringify(path)}`);
  const { type, ...others } = attributes;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return problem(`The import attribute ${JSON.stringify(unknown)} is not known`);
  const loader = type === undefined ? LOADERS[posix.extname(path)] : LOADERS_BY_TYPE[type];
  if (loader === undefined) {
    return problem(
      `Cannot tell how to load "${path}"${type === undefined ? "" : ` as "${type}"`}: ` +
        `a module ends in ${Object.keys(LOADERS).join(", ")}; else import it with { type: "text" } or { type: "bytes" }`,
    );
  }
  if (loader !== "binary" && !isUtf8(contents)) return problem(`The file "${path}" is not UTF-8 text`);
  return { contents, loader };
}

function problem(text: string): { errors: { text: string }[] } {
  return { errors: [{ text }] };
}
