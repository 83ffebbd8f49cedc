import type { BuildFailure, BuildOptions, BuildResult, Message } from "esbuild-wasm";
import { MANIFEST, manifestLine, readManifest } from "./declared.ts";
import { type Entry, listEntries } from "./entries.ts";
import type { Esbuild } from "./esbuild.ts";
import type { BundlerLimits } from "./limits.ts";
import { unmatchedPatterns } from "./patterns.ts";
import { BundleError, type BundleProblem, badUpload } from "./problem.ts";
import type { Upload } from "./upload.ts";
import { UploadFiles } from "./upload_files.ts";
import { UPLOAD_ROOT } from "./upload_names.ts";
import { type BuildEntry, packageEntrySource, uploadPlugin } from "./upload_plugin.ts";

export interface Bundle {
  /** One ES module that imports nothing but `node:` built-ins; ends with what its modules declare, see `manifestLine`. */
  readonly bundle: string;
  /** JSON, version 3; sources are named by their paths in the upload and included. */
  readonly sourceMap: string;
  /** Those of the package itself first, then `subpath#Export`; sorted. */
  readonly entryPoints: readonly string[];
}

/** What bundling needs. */
export interface BundleDeps {
  readonly esbuild: Esbuild;
  readonly limits: BundlerLimits;
}

/** Problems beyond these are not told: one wrong line can cause thousands. */
const MOST_PROBLEMS = 20;
const MOST_PROBLEM_CHARACTERS = 500;

/** How esbuild writes a class that is no part of anything else. */
const TOP_CLASS = /^(?:(?:var|let|const) (\S+) = )?class\b(?: ([^\s{]+))?/gm;

const PARSE_OPTIONS = {
  write: false,
  format: "esm",
  metafile: true,
  logLevel: "silent",
  // Messages and source maps name files relative to it.
  absWorkingDir: UPLOAD_ROOT,
  // Keeps esbuild from looking for a tsconfig.json.
  tsconfigRaw: {},
} satisfies BuildOptions;

const BUNDLE_OPTIONS = {
  ...PARSE_OPTIONS,
  bundle: true,
  outdir: UPLOAD_ROOT,
  platform: "neutral",
  target: "esnext",
  // V8 does not know them yet.
  supported: { decorators: false },
  charset: "utf8",
  // Then a module ends with its exports.
  legalComments: "inline",
  keepNames: true,
  // Packages ask for it at load time, and a sandbox may not read the environment.
  define: { "process.env.NODE_ENV": '"production"' },
} satisfies BuildOptions;

/** Bundles an upload that was read. Throws BundleError when it does not bundle or exports nothing. */
export async function bundleFiles(deps: BundleDeps, upload: Upload): Promise<Bundle> {
  const { limits } = deps;
  deps.esbuild.show(upload.files);
  await checkManifest(deps, upload.files);
  const entries = listEntries(upload);
  const [only] = entries;
  const bundle =
    entries.length === 1 && only?.subpath === ""
      ? await bundleOne(deps, upload.files, only.path)
      : await bundlePackage(deps, upload.files, entries);
  if (bundle.entryPoints.length === 0) {
    throw badUpload("Nothing is exported that can be called: a job is an exported function or object, and no class", {
      file: only?.path ?? "",
      line: 1,
    });
  }
  if (bundle.bundle.length + bundle.sourceMap.length > limits.bundleBytes) {
    throw badUpload(`The bundle and its source map have more than ${limits.bundleBytes} bytes`);
  }
  return bundle;
}

/** JSON.parse() does not tell the line of a fault. */
async function checkManifest(deps: BundleDeps, files: UploadFiles): Promise<void> {
  const contents = files.get("package.json");
  if (contents === undefined) return;
  await built(deps, files, { ...PARSE_OPTIONS, stdin: { contents, loader: "json", sourcefile: "package.json" } });
}

async function bundleOne(deps: BundleDeps, files: UploadFiles, path: string): Promise<Bundle> {
  const output = await buildModule(deps, files, { path });
  const exports = callable(await listExports(deps, output.bundle), path);
  const manifests = new Map(exports.includes(MANIFEST) ? [["", readManifest(output.bundle, path)]] : []);
  return {
    ...output,
    bundle: output.bundle + manifestLine(manifests),
    entryPoints: entryPointsOf(output.bundle, exports).sort(),
  };
}

/** What each entry exports must be known before the module that stands for all can be written. */
async function bundlePackage(deps: BundleDeps, files: UploadFiles, entries: readonly Entry[]): Promise<Bundle> {
  const exportsBySubpath = new Map<string, string[]>();
  const entryPoints: string[] = [];
  const manifests = new Map<string, unknown>();
  const modules = await buildEach(deps, files, entries);
  for (const [index, { subpath, path }] of entries.entries()) {
    const bundle = modules[index] ?? "";
    const exports = callable(await listExports(deps, bundle), path).sort();
    exportsBySubpath.set(subpath, exports);
    entryPoints.push(...entryPointsOf(bundle, exports).map((name) => (subpath === "" ? name : `${subpath}#${name}`)));
    if (exports.includes(MANIFEST)) manifests.set(subpath, readManifest(bundle, path));
  }
  const own = exportsBySubpath.get("") ?? [];
  const clash = own.find((name) => exportsBySubpath.has(name));
  if (clash !== undefined) throw badUpload(`Both "." and "./${clash}" export "${clash}": rename one of them`);
  const source = packageEntrySource(entries, { hasDefault: own.includes("default") });
  const output = await buildModule(deps, files, { source });
  return { ...output, bundle: output.bundle + manifestLine(manifests), entryPoints };
}

/** Throws when one of the names cannot be called: `a#b` is the export `b` of the subpath `a`. */
function callable(names: string[], file: string): string[] {
  const odd = names.find((name) => name.includes("#"));
  if (odd !== undefined) throw badUpload(`The export "${odd}" cannot be an entry point: name it without "#"`, { file });
  return names;
}

/** The exports without classes, which cannot be called, and without what tells what the module needs: see `Manifest` of `hearth`. */
function entryPointsOf(module: string, exports: readonly string[]): string[] {
  const classes = new Set([...module.matchAll(TOP_CLASS)].map(([, assigned, named]) => assigned ?? named));
  const locals = new Map(exportClause(module)?.map(({ local, exported }) => [exported, local]));
  return exports.filter((name) => name !== MANIFEST && !classes.has(locals.get(name)));
}

async function buildModule(
  deps: BundleDeps,
  files: UploadFiles,
  entry: BuildEntry,
): Promise<Omit<Bundle, "entryPoints">> {
  const output = await buildAll(deps, files, [entry], { sourcemap: "external" });
  return { bundle: output("0.js"), sourceMap: output("0.js.map") };
}

/** The module of each entry, in their order. */
async function buildEach(deps: BundleDeps, files: UploadFiles, entries: readonly BuildEntry[]): Promise<string[]> {
  const output = await buildAll(deps, files, entries, { sourcemap: false });
  return entries.map((_, index) => output(`${index}.js`));
}

async function buildAll(
  deps: BundleDeps,
  files: UploadFiles,
  entries: readonly BuildEntry[],
  options: Pick<BuildOptions, "sourcemap">,
): Promise<(name: string) => string> {
  const { outputFiles = [] } = await built(deps, files, {
    ...BUNDLE_OPTIONS,
    ...options,
    // The plugin knows which file it is. A name of the upload's would be a pattern if it had a `*` in it.
    entryPoints: entries.map((_, index) => ({ in: `${index}`, out: `${index}` })),
    plugins: [uploadPlugin(files, entries)],
  });
  return (name) => outputFiles.find(({ path }) => path === `${UPLOAD_ROOT}/${name}`)?.text ?? "";
}

/** The names that a module without types exports. (The metafile of a TypeScript build lists re-exported types too.) */
async function listExports(deps: BundleDeps, source: string): Promise<string[]> {
  const clause = exportClause(source);
  if (clause !== undefined) return clause.map(({ exported }) => exported);
  const files = new UploadFiles(new Map());
  const { metafile } = await built(deps, files, { ...PARSE_OPTIONS, stdin: { contents: source, loader: "js" } });
  return Object.values(metafile?.outputs ?? {}).flatMap(({ exports }) => exports);
}

/**
 * The export clause with which esbuild ends most modules: to parse a module again takes half as long as to bundle it. Undefined
 * when anything else looks like an export, or a name is a text.
 */
function exportClause(source: string): { readonly local: string; readonly exported: string }[] | undefined {
  const tail = source.slice(source.indexOf("\nexport "));
  const [, names] = /^\nexport \{([^{}"'`/]*)\};\n$/.exec(tail) ?? [];
  return names?.split(",").map((name) => {
    const [local = "", exported = local] = name.trim().split(" as ");
    return { local, exported };
  });
}

async function built({ esbuild }: BundleDeps, files: UploadFiles, options: BuildOptions): Promise<BuildResult> {
  const result = await esbuild.build(options).catch((error: unknown) => {
    if (!isBuildFailure(error)) throw error;
    throw refused(files, error.errors);
  });
  const unmatched = unmatchedPatterns(result.warnings);
  if (unmatched.length > 0) throw refused(files, unmatched);
  return result;
}

function refused(files: UploadFiles, messages: readonly Message[]): BundleError {
  return new BundleError(messages.slice(0, MOST_PROBLEMS).map((message) => toProblem(files, message)));
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error && Array.isArray(error.errors) && error.errors.length > 0;
}

function toProblem(files: UploadFiles, { text, location }: Message): BundleProblem {
  const shown = text.length > MOST_PROBLEM_CHARACTERS ? `${text.slice(0, MOST_PROBLEM_CHARACTERS)}…` : text;
  if (location === null || !files.has(location.file)) return { text: shown };
  const { file, line, column, lineText } = location;
  // esbuild counts UTF-8 bytes from 0.
  const before = Buffer.from(lineText).subarray(0, column).toString();
  return { text: shown, file, line, column: before.length + 1 };
}
