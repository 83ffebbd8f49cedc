import type { TsconfigRaw } from "esbuild-wasm";
import { type Tsconfig, tsconfigOf } from "../resolve/tsconfig.ts";
import type { UploadFiles } from "../upload/upload_files.ts";

type CompilerOptions = NonNullable<TsconfigRaw["compilerOptions"]>;

/** Options of tsconfig.json that change how TypeScript code runs. */
const OF_TYPESCRIPT = ["experimentalDecorators", "useDefineForClassFields", "target", "verbatimModuleSyntax"] as const;
const OF_JSX = ["jsx", "jsxFactory", "jsxFragmentFactory", "jsxImportSource"] as const;

/** Options that change how a program runs but that esbuild does not implement, with the values that matter. */
const NOT_HEEDED: Readonly<Record<string, (value: unknown) => boolean>> = {
  emitDecoratorMetadata: (value) => value === true,
  rootDirs: (value) => Array.isArray(value) && value.length > 1,
  moduleSuffixes: (value) => Array.isArray(value) && value.some((suffix) => suffix !== ""),
};

/** Packages with a `jsx-runtime`: the default is the first one that the upload has. */
const JSX_RUNTIMES = ["react", "preact", "solid-js", "hono"];

/** Compiler options of a file, from the nearest tsconfig.json. */
export function compilerOptionsOf(files: UploadFiles, path: string): CompilerOptions {
  const options = tsconfigOf(files, path)?.options ?? {};
  const set = [...OF_TYPESCRIPT, ...OF_JSX].filter((name) => options[name] !== undefined && options[name] !== null);
  const own: CompilerOptions = Object.fromEntries(set.map((name) => [name, options[name]]));
  return { ...own, ...jsxOptions(files, own) };
}

/** `preserve` and the like leave the transformation of JSX to the bundler. */
function jsxOptions(files: UploadFiles, own: CompilerOptions): CompilerOptions {
  const classic = own.jsx === "react" || (own.jsx === undefined && own.jsxFactory !== undefined);
  if (classic) return { jsx: "react" };
  const runtime = JSX_RUNTIMES.find((name) => files.has(`node_modules/${name}/package.json`));
  const jsxImportSource = own.jsxImportSource ?? runtime;
  return { jsx: "react-jsx", ...(jsxImportSource !== undefined && { jsxImportSource }) };
}

/** Options of one file that differ from those of the build and affect its text. A comment `@jsx h` selects calls of `h`. */
export function ownOptions(
  files: UploadFiles,
  { path, text, isTypeScript }: { readonly path: string; readonly text: string; readonly isTypeScript: boolean },
  ofBuild: CompilerOptions,
): CompilerOptions | undefined {
  const own = compilerOptionsOf(files, path);
  const hasJsx = /\.[jt]sx$/.test(path) || /<\/|\/>/.test(text);
  const isClassic = hasJsx && /@jsx\s+\S/.test(text) && !/@jsxRuntime\s+automatic/.test(text);
  const options: CompilerOptions = isClassic ? { ...own, jsx: "react" } : own;
  const names = [...(isTypeScript ? OF_TYPESCRIPT : []), ...(hasJsx ? OF_JSX : [])];
  return names.some((name) => options[name] !== ofBuild[name]) ? options : undefined;
}

/** Warnings about options in the configuration of a file that have no effect. */
export function configWarnings(files: UploadFiles, path: string, text: string): string[] {
  const config = tsconfigOf(files, path);
  if (config === undefined) return [];
  return [...unreadWarnings(config), ...missingWarnings(config), ...unheededWarnings(config, text)];
}

function unreadWarnings({ unread }: Tsconfig): string[] {
  return unread.map((file) => `${file} is not a JSON object: its options are not applied`);
}

function missingWarnings({ file, missing }: Tsconfig): string[] {
  return missing.map(
    (name) => `${file} extends "${name}", which the upload does not have: its options are not applied`,
  );
}

function unheededWarnings({ file, options }: Tsconfig, text: string): string[] {
  const names = Object.entries(NOT_HEEDED).filter(([name, isSet]) => isSet(options[name]));
  return names.flatMap(([name]) => {
    if (name === "emitDecoratorMetadata" && !hasDecorators(text)) return [];
    return [`${file} sets "${name}", which is not supported: the program runs without it`];
  });
}

/** Comments and package names may contain `@`, too. */
function hasDecorators(text: string): boolean {
  const code = text.replace(/\/\*[\s\S]*?(?:\*\/|$)|\/\/.*/g, "");
  return /(?:^|[^\w"'`.])@[\w$]/.test(code);
}
