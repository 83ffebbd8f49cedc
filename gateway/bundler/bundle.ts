import { type BuildFailure, type BuildOptions, type BuildResult, build, type Message } from "esbuild";
import { MANIFEST, manifestLine, readManifest } from "./declared.ts";
import { type Entry, listEntries } from "./entries.ts";
import type { BundlerLimits } from "./limits.ts";
import { BundleError, type BundleProblem, badUpload } from "./problem.ts";
import type { Upload, UploadFiles } from "./upload.ts";
import { PACKAGE_ENTRY, packageEntrySource, UPLOAD_NAMESPACE, uploadPlugin } from "./upload_plugin.ts";

export interface Bundle {
  /** One ES module that imports nothing but `node:` built-ins; ends with what its modules declare, see `manifestLine`. */
  readonly bundle: string;
  /** JSON, version 3; sources are named by their paths in the upload and included. */
  readonly sourceMap: string;
  /** Those of the package itself first, then `subpath#Export`; sorted. */
  readonly entryPoints: readonly string[];
}

/** How esbuild marks a path as one of the upload's. */
const UPLOAD_PREFIX = `${UPLOAD_NAMESPACE}:`;

/** Problems beyond these are not told: one wrong line can cause thousands. */
const MOST_PROBLEMS = 20;
const MOST_PROBLEM_CHARACTERS = 500;

const PARSE_OPTIONS = {
  write: false,
  format: "esm",
  metafile: true,
  logLevel: "silent",
  absWorkingDir: "/",
  // Keeps esbuild from looking for a tsconfig.json.
  tsconfigRaw: {},
} satisfies BuildOptions;

const BUNDLE_OPTIONS = {
  ...PARSE_OPTIONS,
  bundle: true,
  outdir: "/",
  platform: "neutral",
  target: "esnext",
  // V8 does not know them yet.
  supported: { decorators: false },
  charset: "utf8",
  sourcemap: "external",
  keepNames: true,
  // Packages ask for it at load time, and a sandbox may not read the environment.
  define: { "process.env.NODE_ENV": '"production"' },
} satisfies BuildOptions;

/** Bundles an upload that was read. Throws BundleError when it does not bundle or exports nothing. */
export async function bundleFiles(upload: Upload, limits: BundlerLimits): Promise<Bundle> {
  await checkManifest(upload.files);
  const entries = listEntries(upload);
  const [only] = entries;
  const bundle =
    entries.length === 1 && only?.subpath === ""
      ? await bundleOne(upload.files, only.path)
      : await bundlePackage(upload.files, entries);
  if (bundle.entryPoints.length === 0) {
    throw badUpload("Nothing is exported: a job is an exported function or object", {
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
async function checkManifest(files: UploadFiles): Promise<void> {
  const contents = files.get("package.json");
  if (contents === undefined) return;
  await built({ ...PARSE_OPTIONS, stdin: { contents, loader: "json", sourcefile: `${UPLOAD_PREFIX}package.json` } });
}

async function bundleOne(files: UploadFiles, path: string): Promise<Bundle> {
  const output = await buildModule(files, { entry: path, packageEntry: "" });
  const exports = await listExports(output.bundle);
  const manifests = new Map(exports.includes(MANIFEST) ? [["", readManifest(output.bundle, path)]] : []);
  return {
    ...output,
    bundle: output.bundle + manifestLine(manifests),
    entryPoints: exports.filter(isEntryPoint).sort(),
  };
}

/** What each entry exports must be known before the module that stands for all can be written. */
async function bundlePackage(files: UploadFiles, entries: readonly Entry[]): Promise<Bundle> {
  const exportsBySubpath = new Map<string, string[]>();
  const manifests = new Map<string, unknown>();
  for (const { subpath, path } of entries) {
    const { bundle } = await buildModule(files, { entry: path, packageEntry: "" });
    const exports = (await listExports(bundle)).sort();
    exportsBySubpath.set(subpath, exports);
    if (exports.includes(MANIFEST)) manifests.set(subpath, readManifest(bundle, path));
  }
  const own = exportsBySubpath.get("") ?? [];
  const clash = own.find((name) => exportsBySubpath.has(name));
  if (clash !== undefined) throw badUpload(`Both "." and "./${clash}" export "${clash}": rename one of them`);
  const packageEntry = packageEntrySource(entries, { hasDefault: own.includes("default") });
  const output = await buildModule(files, { entry: PACKAGE_ENTRY, packageEntry });
  const entryPoints = entries.flatMap(({ subpath }) =>
    (exportsBySubpath.get(subpath) ?? [])
      .filter(isEntryPoint)
      .map((name) => (subpath === "" ? name : `${subpath}#${name}`)),
  );
  return { ...output, bundle: output.bundle + manifestLine(manifests), entryPoints };
}

/** An export of this name tells what the module needs: see `Manifest` of `hearth`. */
function isEntryPoint(name: string): boolean {
  return name !== MANIFEST;
}

async function buildModule(
  files: UploadFiles,
  { entry, packageEntry }: { entry: string; packageEntry: string },
): Promise<Omit<Bundle, "entryPoints">> {
  const { outputFiles = [] } = await built({
    ...BUNDLE_OPTIONS,
    entryPoints: [{ in: entry, out: "bundle" }],
    plugins: [uploadPlugin(files, packageEntry)],
  });
  const text = (suffix: string) => outputFiles.find(({ path }) => path.endsWith(suffix))?.text ?? "";
  return { bundle: text(".js"), sourceMap: withAuthorsPaths(text(".map")) };
}

/** The names that a module without types exports. (The metafile of a TypeScript build lists re-exported types too.) */
async function listExports(source: string): Promise<string[]> {
  const { metafile } = await built({ ...PARSE_OPTIONS, stdin: { contents: source, loader: "js" } });
  return Object.values(metafile?.outputs ?? {}).flatMap(({ exports }) => exports);
}

function withAuthorsPaths(sourceMap: string): string {
  const map: { sources: string[] } = JSON.parse(sourceMap);
  return JSON.stringify({ ...map, sources: map.sources.map(authorsPath) });
}

function authorsPath(source: string): string {
  return source.startsWith(UPLOAD_PREFIX) ? source.slice(UPLOAD_PREFIX.length) : source;
}

async function built(options: BuildOptions): Promise<BuildResult> {
  try {
    return await build(options);
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    throw new BundleError(error.errors.slice(0, MOST_PROBLEMS).map(toProblem));
  }
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error && Array.isArray(error.errors) && error.errors.length > 0;
}

function toProblem({ text, location }: Message): BundleProblem {
  const shown = text.length > MOST_PROBLEM_CHARACTERS ? `${text.slice(0, MOST_PROBLEM_CHARACTERS)}…` : text;
  if (!location?.file.startsWith(UPLOAD_PREFIX)) return { text: shown };
  const { file, line, column, lineText } = location;
  // esbuild counts UTF-8 bytes from 0.
  const before = Buffer.from(lineText).subarray(0, column).toString();
  return { text: shown, file: authorsPath(file), line, column: before.length + 1 };
}
