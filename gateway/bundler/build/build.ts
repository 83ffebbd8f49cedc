import type { BuildFailure, BuildOptions, BuildResult, Message } from "esbuild-wasm";
import { BundleError, type BundleProblem } from "../problem.ts";
import type { UploadFiles } from "../upload/upload_files.ts";
import type { Entry } from "./entries.ts";
import { unmatchedPatterns } from "./import_patterns.ts";
import { UPLOAD_ROOT } from "./upload_file_system.ts";
import { type BuildEntry, type BuildInput, uploadPlugin } from "./upload_plugin.ts";

/** Input that all builds of one upload share. */
export type BuildContext = BuildInput;

/** Maximum number of listed problems; the rest is counted. One wrong line can cause thousands. */
const MOST_PROBLEMS = 20;
const MOST_PROBLEM_CHARACTERS = 500;

export const PARSE_OPTIONS = {
  write: false,
  format: "esm",
  metafile: true,
  logLevel: "silent",
  // Messages and source maps name files relative to this folder.
  absWorkingDir: UPLOAD_ROOT,
  // Keeps esbuild from searching for a tsconfig.json.
  tsconfigRaw: {},
} satisfies BuildOptions;

const BUNDLE_OPTIONS = {
  ...PARSE_OPTIONS,
  bundle: true,
  outdir: UPLOAD_ROOT,
  platform: "neutral",
  target: "esnext",
  // V8 does not support decorators yet.
  supported: { decorators: false },
  charset: "utf8",
  // Otherwise they would follow the exports, which must end the module.
  legalComments: "inline",
  keepNames: true,
  // Packages read it when they load, and a sandbox may not read the environment.
  define: { "process.env.NODE_ENV": '"production"' },
} satisfies BuildOptions;

/** A module bundled with all its imports. */
export interface BuiltModule {
  readonly code: string;
  /** Empty unless requested. */
  readonly sourceMap: string;
}

/** Bundles each entry; the modules are in the order of the entries. */
export async function buildEntries(
  context: BuildContext,
  entries: readonly (Entry | BuildEntry)[],
  options: Pick<BuildOptions, "sourcemap">,
): Promise<BuiltModule[]> {
  const { outputFiles = [] } = await build(context, {
    ...BUNDLE_OPTIONS,
    ...options,
    tsconfigRaw: { compilerOptions: context.compilerOptions },
    // The plugin resolves the index. As an entry point of its own, a path with `*` would be a pattern.
    entryPoints: entries.map((_, index) => ({ in: `${index}`, out: `${index}` })),
    plugins: [uploadPlugin(context, entries)],
  });
  const textOf = (name: string) => outputFiles.find(({ path }) => path === `${UPLOAD_ROOT}/${name}`)?.text ?? "";
  return entries.map((_, index) => ({ code: textOf(`${index}.js`), sourceMap: textOf(`${index}.js.map`) }));
}

/** Runs esbuild. Throws a BundleError with the problems that it finds. */
export async function build(
  { esbuild, files }: Pick<BuildContext, "esbuild" | "files">,
  options: BuildOptions,
): Promise<BuildResult> {
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
