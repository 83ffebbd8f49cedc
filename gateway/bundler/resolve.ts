import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { exportedSubpaths, manifestIn, matchSubpath } from "./manifest.ts";
import type { UploadFiles } from "./upload_files.ts";

/** Where an import leads: a file of the upload, a module that Deno has itself, nowhere until it runs, or a fault. */
export type Resolution =
  | { readonly type: "file"; readonly path: string }
  | { readonly type: "builtin"; readonly name: string }
  | { readonly type: "absent" }
  | { readonly type: "fault"; readonly text: string };

export interface ImportSite {
  readonly specifier: string;
  /** Path of the importing file. */
  readonly importer: string;
  /** `require(…)` rather than `import`. */
  readonly isRequire: boolean;
}

/** Extensions that an import may leave out, in the order in which they are tried. */
const EXTENSIONS = [".ts", ".mts", ".cts", ".js", ".mjs", ".cjs", ".json"];

/** TypeScript imports `./x.js` and means `./x.ts`. */
const TYPESCRIPT_OF: Readonly<Record<string, string>> = { ".js": ".ts", ".mjs": ".mts", ".cjs": ".cts" };

/** Resolves as Node does, but inside the upload only. */
export function resolveImport(files: UploadFiles, site: ImportSite): Resolution {
  const { specifier, importer } = site;
  const shown = JSON.stringify(specifier.length > 200 ? `${specifier.slice(0, 200)}…` : specifier);
  if (specifier.startsWith("node:")) return builtin(specifier.slice("node:".length));
  if (specifier === "hearth" || specifier.startsWith("hearth/")) {
    return fault(`${shown} has types only, nothing to import at run time: write \`import type { … } from "hearth"\``);
  }
  if (/^[a-z][a-z0-9+.-]*:/i.test(specifier)) {
    return fault(`Cannot import ${shown}: a URL is not fetched; put the code into the upload`);
  }
  if (specifier.startsWith("/")) {
    return fault(`Cannot import ${shown}: an absolute path is outside of the upload; use a relative path`);
  }
  if (specifier.startsWith("#")) return resolvePrivate(files, site, shown);
  if (/^\.\.?(\/|$)/.test(specifier)) {
    const path = posix.normalize(posix.join(posix.dirname(importer), specifier));
    if (path === ".." || path.startsWith("../")) {
      return fault(`Cannot import ${shown}: the path leaves the upload; put the file into it`);
    }
    return found(findFile(files, path)) ?? fault(`Cannot import ${shown}: the upload has no such file`);
  }
  return resolvePackage(files, site, shown);
}

/** The file that a path means: itself, with an extension, or the entry of a folder. */
export function findFile(files: UploadFiles, path: string): string | undefined {
  const base = path.replace(/\/+$/, "");
  const names = [base, ...EXTENSIONS.map((extension) => base + extension), ...typescriptOf(base)];
  const name = names.find((candidate) => files.has(candidate));
  if (name !== undefined) return files.real(name);
  const main = manifestMain(files, base);
  const folder = base === "" || base === "." ? "" : `${base}/`;
  return [...(main === undefined ? [] : [`${folder}${main}`, `${folder}${main}/index`]), `${folder}index`]
    .flatMap((start) => ["", ...EXTENSIONS].map((extension) => start + extension))
    .filter((candidate) => files.has(candidate))
    .map((candidate) => files.real(candidate))[0];
}

function typescriptOf(path: string): string[] {
  const extension = posix.extname(path);
  const typescript = TYPESCRIPT_OF[extension];
  return typescript === undefined ? [] : [path.slice(0, -extension.length) + typescript];
}

function manifestMain(files: UploadFiles, folder: string): string | undefined {
  const manifest = manifestIn(files, folder === "." ? "" : folder);
  const main = manifest?.module ?? manifest?.main;
  if (main === undefined) return undefined;
  const path = posix.normalize(main).replace(/\/+$/, "");
  return path === "." || path.startsWith("..") || path.startsWith("/") ? undefined : path;
}

/** A bare name: the nearest `node_modules` of the upload that has the package, else what Deno brings. */
function resolvePackage(files: UploadFiles, site: ImportSite, shown: string): Resolution {
  const [, name, rest] = /^((?:@[^/]+\/)?[^/]+)(\/.*)?$/.exec(site.specifier) ?? [];
  if (name === undefined || name === ".." || name === ".") return fault(`Cannot import ${shown}: not a module name`);
  for (const folder of foldersAbove(site.importer)) {
    const root = posix.join(folder, "node_modules", name);
    const exports = manifestIn(files, root)?.exports ?? undefined;
    const subpath = rest ?? "";
    const target = exports === undefined ? subpath : matchSubpath(exportedSubpaths(exports), `.${subpath}`, site);
    if (target === undefined) return fault(`Cannot import ${shown}: ${root}/package.json does not export it`);
    const path = posix.join(root, target);
    const file = path === root || path.startsWith(`${root}/`) ? findFile(files, path) : undefined;
    if (file !== undefined) return { type: "file", path: file };
  }
  if (isBuiltin(site.specifier)) return builtin(site.specifier);
  // A dependency that asks for an optional one wraps the call in `try`: it must fail there, when it runs.
  if (site.isRequire && site.importer.includes("node_modules/")) return { type: "absent" };
  return fault(`Cannot import ${shown}: the upload has no node_modules/${name}; put the package into the tarball`);
}

/** `#name`: the `imports` of the package that the importer is part of. */
function resolvePrivate(files: UploadFiles, site: ImportSite, shown: string): Resolution {
  for (const folder of foldersAbove(site.importer)) {
    const manifest = manifestIn(files, folder);
    if (manifest === undefined) continue;
    const target = matchSubpath(Object.entries(manifest.imports ?? {}), site.specifier, site);
    if (target === undefined || target.startsWith("#")) break;
    return resolveImport(files, { ...site, specifier: target, importer: posix.join(folder, "package.json") });
  }
  return fault(`Cannot import ${shown}: no package.json of the upload has it under "imports"`);
}

/** The folder of the file first, the root (`""`) last. */
function foldersAbove(path: string): string[] {
  const segments = path.split("/").slice(0, -1);
  return [...segments.keys(), segments.length].map((length) => segments.slice(0, length).join("/")).reverse();
}

function builtin(name: string): Resolution {
  if (isBuiltin(`node:${name}`)) return { type: "builtin", name };
  return fault(`Cannot import "node:${name}": there is no such built-in module`);
}

function found(path: string | undefined): Resolution | undefined {
  return path === undefined ? undefined : { type: "file", path };
}

function fault(text: string): Resolution {
  return { type: "fault", text };
}
