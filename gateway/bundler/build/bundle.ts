import type { BuildOptions } from "esbuild-wasm";
import type { BundlerLimits } from "../bundler_limits.ts";
import { listExports, NAME_IT, unknownValues } from "../exports/entry_points.ts";
import { type Exported, readExports } from "../exports/exported.ts";
import { MANIFEST, manifestLine, readManifest } from "../exports/job_manifest.ts";
import { type BundleError, badUpload } from "../problem.ts";
import type { Upload } from "../upload/read_upload.ts";
import { UploadFiles } from "../upload/upload_files.ts";
import { type BuildContext, build, buildEntries, PARSE_OPTIONS } from "./build.ts";
import { compilerOptionsOf } from "./compile_options.ts";
import { type Entry, listEntries } from "./entries.ts";
import type { Esbuild } from "./esbuild.ts";
import { packageModules } from "./package_modules.ts";

export interface Bundle {
  /** Type of the upload: a source file, or the folder of an archive. */
  readonly type: Upload["type"];
  /** One ES module that imports only `node:` built-ins; it ends with the manifests of its modules, see `manifestLine`. */
  readonly bundle: string;
  /** JSON, version 3, with the sources included; they are named by their paths in the upload. */
  readonly sourceMap: string;
  /** Entry points of the package itself first, then `subpath#Export`; sorted. */
  readonly entryPoints: readonly string[];
  /** Warnings for the author: exports that are not listed, options that have no effect. */
  readonly warnings: readonly string[];
}

/** Dependencies of bundling. */
export interface BundleDeps {
  readonly esbuild: Esbuild;
  readonly limits: BundlerLimits;
}

/** Maximum number of listed warnings; the rest is counted. */
const MOST_WARNINGS = 20;
const MOST_WARNING_CHARACTERS = 500;

/** Bundles the files of an upload. Throws a BundleError if bundling fails, or no export can run. */
export async function bundleFiles({ esbuild, limits }: BundleDeps, upload: Upload): Promise<Bundle> {
  const { type, files } = upload;
  esbuild.show(files);
  const warnings = new Set<string>();
  const warn = (text: string) => warnings.add(text);
  const entries = await listChecked({ esbuild, files }, upload, warn);
  const compilerOptions = compilerOptionsOf(files, entries[0]?.path ?? "");
  const context: BuildContext = { esbuild, files, warn, compilerOptions };
  const modules = await readModules(context, entries);
  const { entryPoints, reasons } = listAll(modules);
  if (entryPoints.length === 0) throw nothingToRun(modules, reasons);
  if (entryPoints.length > limits.entryPoints) {
    throw badUpload(`The upload exports ${entryPoints.length} entry points, more than ${limits.entryPoints}`);
  }
  for (const reason of reasons) warn(reason);
  const { code, sourceMap } = await finalModule(context, modules);
  const bundle = code + manifestLine(manifestsOf(modules));
  if (bundle.length + sourceMap.length > limits.bundleBytes) {
    throw badUpload(`The bundle and its source map have more than ${limits.bundleBytes} bytes`);
  }
  return { type, bundle, sourceMap, entryPoints, warnings: bounded([...warnings]) };
}

/** Parses JSON files by esbuild for the place of an error, which JSON.parse() does not report. */
async function listChecked(
  { esbuild, files }: Pick<BuildContext, "esbuild" | "files">,
  upload: Upload,
  warn: (text: string) => void,
): Promise<Entry[]> {
  const contents = files.get("package.json");
  if (contents !== undefined) {
    await build(
      { esbuild, files },
      { ...PARSE_OPTIONS, stdin: { contents, loader: "json", sourcefile: "package.json" } },
    );
  }
  return listEntries(upload, warn);
}

/** An entry, its bundled module, and the exports of that. */
interface EntryModule {
  readonly entry: Entry;
  readonly exported: Pick<Exported, "values" | "manifest"> & Partial<Exported>;
  readonly code: string;
  readonly sourceMap: string;
}

/** Bundles each entry and reads its exports, which the final module has to name. */
async function readModules(context: BuildContext, entries: readonly Entry[]): Promise<EntryModule[]> {
  // With a single entry, this module usually is the bundle.
  const outputs = await buildEntries(context, entries, { sourcemap: entries.length === 1 ? "external" : false });
  return Promise.all(
    entries.map(async (entry, index) => {
      const output = outputs[index] ?? { code: "", sourceMap: "" };
      return { entry, ...output, exported: readExports(output.code) ?? (await readNames(context, output.code)) };
    }),
  );
}

/** Reads only the names of the exports, by esbuild: our parser does not know all syntax. */
async function readNames({ esbuild }: BuildContext, contents: string): Promise<EntryModule["exported"]> {
  const options: BuildOptions = { ...PARSE_OPTIONS, stdin: { contents, loader: "js" } };
  const { metafile } = await build({ esbuild, files: new UploadFiles(new Map()) }, options);
  const names = Object.values(metafile?.outputs ?? {}).flatMap(({ exports }) => exports);
  return { values: unknownValues(names), manifest: undefined };
}

function listAll(modules: readonly EntryModule[]): { entryPoints: readonly string[]; reasons: readonly string[] } {
  const listed = modules.map(({ entry, exported }) => listExports(entry, exported.values));
  return {
    entryPoints: listed.flatMap(({ entryPoints }) => entryPoints),
    reasons: listed.flatMap(({ reasons }) => reasons),
  };
}

/** Bundles all entries into one module. A single entry is used as it is, unless it is CommonJS: its exports must be named. */
async function finalModule(context: BuildContext, modules: readonly EntryModule[]) {
  const [first] = modules;
  const own = first?.entry.subpath === "" ? first.exported.values : new Map<string, never>();
  const clash = modules.find(({ entry }) => entry.subpath !== "" && own.has(entry.subpath))?.entry.subpath;
  if (clash !== undefined) throw badUpload(`Both "." and "./${clash}" export "${clash}": rename one of them`);
  const { commonJs, starred = [] } = first?.exported ?? {};
  const isWhole = modules.length === 1 && first?.entry.subpath === "" && commonJs === undefined && starred.length === 0;
  if (isWhole) return first;
  const source = packageModules(modules.map(({ entry, exported }) => ({ ...entry, ...exported })));
  const [output] = await buildEntries(context, [source], { sourcemap: "external" });
  return output ?? { code: "", sourceMap: "" };
}

function manifestsOf(modules: readonly EntryModule[]): ReadonlyMap<string, unknown> {
  const declaring = modules.filter(({ exported }) => exported.values.has(MANIFEST));
  return new Map(
    declaring.map(({ entry, exported }) => [entry.subpath, readManifest(exported.manifest, entry.path)] as const),
  );
}

const WHAT_A_JOB_IS = 'a job is an exported function, or an exported object with a function "run"';

function nothingToRun(modules: readonly EntryModule[], reasons: readonly string[]): BundleError {
  const [only, ...further] = modules;
  const file = only === undefined || further.length > 0 ? {} : { file: only.entry.path };
  const [reason, ...others] = reasons.map((text) => text.slice(0, MOST_WARNING_CHARACTERS));
  if (reason?.endsWith(NAME_IT)) return badUpload(reason, file);
  const why = reason === undefined ? "" : `. ${reason}${others.length === 0 ? "" : ` (and ${others.length} more)`}`;
  const place = "file" in file ? { ...file, line: 1 } : {};
  return badUpload(`Nothing is exported that can be called: ${WHAT_A_JOB_IS}${why}`, place);
}

function bounded(warnings: readonly string[]): string[] {
  const more = warnings.length - MOST_WARNINGS;
  const shown = warnings.slice(0, MOST_WARNINGS).map((text) => text.slice(0, MOST_WARNING_CHARACTERS));
  return more > 0 ? [...shown, `And ${more} more`] : shown;
}
