import { isBuiltin } from "node:module";
import { posix } from "node:path";
import type { UploadFiles } from "../upload/upload_files.ts";
import { importMapped } from "./import_map.ts";
import { type ImportSite, isOfDependency } from "./import_site.ts";
import { exportedSubpaths, manifestIn, matchSubpath, packageFolders } from "./package_json.ts";
import { mappedPaths, tsconfigOf } from "./tsconfig.ts";

/** Result of an import: a file of the upload, a built-in module of Deno, a module that fails at run time only, or a problem. */
export type Resolution =
  | { readonly type: "file"; readonly path: string }
  | { readonly type: "builtin"; readonly name: string }
  | { readonly type: "absent" }
  | { readonly type: "fault"; readonly text: string };

/** Extensions that an import may omit, in search order. */
const EXTENSIONS = [".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json"];

/** TypeScript code imports `./x.js` for `./x.ts`. */
const TYPESCRIPT_OF: Readonly<Record<string, readonly string[]>> = {
  ".js": [".ts", ".tsx"],
  ".jsx": [".tsx"],
  ".mjs": [".mts"],
  ".cjs": [".cts"],
};

/** Resolves an import as Node does, but inside the upload only. */
export function resolveImport(files: UploadFiles, site: ImportSite): Resolution {
  const { specifier, importer } = site;
  const shown = JSON.stringify(specifier.length > 200 ? `${specifier.slice(0, 200)}…` : specifier);
  if (specifier.startsWith("node:")) return builtin(specifier.slice("node:".length));
  if (specifier === "hearth" || specifier.startsWith("hearth/")) {
    return fault(`${shown} has types only, nothing to import at run time: write \`import type { … } from "hearth"\``);
  }
  const ofRegistry = resolveRegistry(files, site);
  if (ofRegistry !== undefined) return ofRegistry;
  if (/^[a-z][a-z0-9+.-]*:/i.test(specifier)) {
    return fault(`Cannot import ${shown}: a URL is not fetched; put the code into the upload`);
  }
  if (specifier.startsWith("/")) {
    return fault(`Cannot import ${shown}: an absolute path is outside of the upload; use a relative path`);
  }
  if (specifier.startsWith("#")) return resolveMapped(files, site) ?? resolvePrivate(files, site, shown);
  if (/^\.\.?(\/|$)/.test(specifier)) {
    const path = posix.normalize(posix.join(posix.dirname(importer), specifier));
    if (path === ".." || path.startsWith("../")) {
      return fault(`Cannot import ${shown}: the path leaves the upload; put the file into it`);
    }
    return found(findFile(files, path)) ?? missing(site, `Cannot import ${shown}: ${whyNoFile(files, path)}`);
  }
  return resolvePackage(files, site, shown);
}

/** The file for a path: the path itself, with an extension, or the entry of a folder. */
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
  return (TYPESCRIPT_OF[extension] ?? []).map((typescript) => path.slice(0, -extension.length) + typescript);
}

function manifestMain(files: UploadFiles, folder: string): string | undefined {
  const manifest = manifestIn(files, folder === "." ? "" : folder);
  const main = manifest?.module ?? manifest?.main;
  if (main === undefined) return undefined;
  const path = posix.normalize(main).replace(/\/+$/, "");
  return path === "." || path.startsWith("..") || path.startsWith("/") ? undefined : path;
}

/**
 * Resolves a bare name: as a configuration maps it, from the nearest `node_modules` of the upload with the package, or as a built-in of
 * Deno.
 */
function resolvePackage(files: UploadFiles, site: ImportSite, shown: string): Resolution {
  const [, name, rest = ""] = /^((?:@[^/]+\/)?[^/]+)(\/.*)?$/.exec(site.specifier) ?? [];
  if (name === undefined || name === ".." || name === ".") return fault(`Cannot import ${shown}: not a module name`);
  const mapped = resolveMapped(files, site);
  if (mapped !== undefined) return mapped;
  const roots = foldersAbove(site.importer).map((folder) => posix.join(folder, "node_modules", name));
  for (const root of [...roots, ...ownPackage(files, name)]) {
    const exports = manifestIn(files, root)?.exports ?? undefined;
    const target = exports === undefined ? rest : matchSubpath(exportedSubpaths(exports), `.${rest}`, site);
    if (target === undefined) return missing(site, `Cannot import ${shown}: ${root}/package.json does not export it`);
    const path = posix.join(root, target);
    const isInside = root === "" ? !path.startsWith("..") : path === root || path.startsWith(`${root}/`);
    const file = isInside ? findFile(files, path) : undefined;
    if (file !== undefined) return { type: "file", path: file };
  }
  if (isBuiltin(site.specifier)) return builtin(site.specifier);
  return missing(site, `Cannot import ${shown}: ${whyNoPackage(files, site, { name, rest, roots })}`);
}

/** Resolves a name by tsconfig.json (`paths`, `baseUrl`) or deno.json (`imports`), if the upload has the target. */
function resolveMapped(files: UploadFiles, site: ImportSite): Resolution | undefined {
  const config = tsconfigOf(files, site.importer);
  const candidates = config === undefined ? [] : mappedPaths(config, site.specifier);
  const file = candidates.map((path) => findFile(files, path)).find((path) => path !== undefined);
  if (file !== undefined) return { type: "file", path: file };
  const specifier = site.isMapped ? undefined : importMapped(files, site);
  return specifier === undefined ? undefined : resolveImport(files, { ...site, specifier, isMapped: true });
}

/** Resolves `npm:name@1/sub` and `jsr:@scope/name@1`, if `node_modules` has the package. */
function resolveRegistry(files: UploadFiles, site: ImportSite): Resolution | undefined {
  const [, registry, scope, name, rest = ""] =
    /^(npm|jsr):\/?(?:@([^/@]+)\/)?([^/@]+)(?:@[^/]*)?(\/.*)?$/.exec(site.specifier) ?? [];
  if (registry === undefined || name === undefined) return undefined;
  const scoped = scope === undefined ? name : registry === "jsr" ? `@jsr/${scope}__${name}` : `@${scope}/${name}`;
  const resolution = resolvePackage(files, { ...site, specifier: `${scoped}${rest}` }, scoped);
  return resolution.type === "file" ? resolution : undefined;
}

/** The folder of a package of the upload itself: one that imports itself, or an unlinked one of a workspace. */
function ownPackage(files: UploadFiles, name: string): readonly string[] {
  const folder = packageFolders(files).get(name);
  return folder === undefined ? [] : [folder];
}

/** A dependency imports an optional module in `try`: it must fail there, at run time. */
function missing(site: ImportSite, text: string): Resolution {
  return site.isLate && isOfDependency(site) ? { type: "absent" } : fault(text);
}

function whyNoFile(files: UploadFiles, path: string): string {
  if (files.has(`${path}.d.ts`)) return `the upload has ${path}.d.ts, which has types only`;
  return "the upload has no such file";
}

function whyNoPackage(
  files: UploadFiles,
  { importer }: ImportSite,
  { name, rest, roots }: { readonly name: string; readonly rest: string; readonly roots: readonly string[] },
): string {
  const folders = roots.flatMap((root) => foldersAbove(`${root}/`));
  const link = folders.find((folder) => files.outsideTarget(folder) !== undefined);
  if (link !== undefined) {
    return `${link} is a link to "${files.outsideTarget(link)}", outside of the upload; pack a folder that holds both`;
  }
  if (/^\/jsx(?:-dev)?-runtime$/.test(rest)) {
    return `JSX needs it, and the upload has no node_modules/${name}; put it in, or name another runtime by "jsxImportSource" in tsconfig.json or /** @jsxImportSource name */`;
  }
  const [unread] = tsconfigOf(files, importer)?.unread ?? [];
  if (unread !== undefined)
    return `the upload has no node_modules/${name}; ${unread}, which may lead elsewhere, is not a JSON object`;
  if (files.has(".pnp.cjs"))
    return `the upload has no node_modules/${name}; let Yarn make it with "nodeLinker: node-modules"`;
  return `the upload has no node_modules/${name}; put the package there`;
}

/** Resolves `#name` by the `imports` of the importer's package. */
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
