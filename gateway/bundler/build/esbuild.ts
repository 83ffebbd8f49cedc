import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { setFlagsFromString } from "node:v8";
import { compileFunction } from "node:vm";
import type EsbuildModule from "esbuild-wasm";
import type { UploadFiles } from "../upload/upload_files.ts";
import { UploadFileSystem } from "./upload_file_system.ts";

/** esbuild as WebAssembly in this process. It builds one upload at a time. */
export interface Esbuild extends Pick<typeof EsbuildModule, "build" | "transform"> {
  /** Sets the upload whose file names esbuild can list. It sees no other files. */
  show(files: UploadFiles): void;
}

export interface EsbuildSettings {
  /** Receives each line that esbuild writes to stderr, such as the message of a crash. */
  readonly log: (line: string) => void;
  /** Called when esbuild exits, for example out of memory. A running build then never settles. */
  readonly onExit: () => void;
}

/**
 * Number of executed bytes after which V8 optimises a WebAssembly function. V8's default (13 million) costs 2 s more of processor time at
 * start, and up to 60 MB more of memory. It makes uploads of megabytes, which are rare, a third faster.
 */
const OPTIMISE_AFTER_BYTES = 1_000_000_000;

/**
 * Starts esbuild; resolves when it can build. Only one can run in a process. WebAssembly receives the objects in `reachable` only: no disk,
 * network, process or environment.
 */
export async function startEsbuild({ log, onExit }: EsbuildSettings): Promise<Esbuild> {
  const names = new UploadFileSystem();
  const reachable = {
    fs: names,
    Array,
    Date,
    Error,
    Object,
    Uint8Array,
    TextDecoder,
    TextEncoder,
    crypto,
    performance,
  };
  // Go's runtime warns about its exit, and about late timers.
  const console = { log, warn: (text: string) => (text.startsWith("exit code") ? onExit() : log(text)) };
  setFlagsFromString(`--wasm-tiering-budget=${OPTIMISE_AFTER_BYTES}`);
  const { resolve } = createRequire(import.meta.url);
  const file = resolve("esbuild-wasm/lib/browser.js");
  const [source, wasm] = await Promise.all([readFile(file, "utf8"), readFile(resolve("esbuild-wasm/esbuild.wasm"))]);
  const module: { exports?: typeof EsbuildModule } = {};
  compileFunction(source, ["module", "self", "console", "setTimeout"], { filename: file })(
    module,
    reachable,
    console,
    setTimeoutSoon,
  );
  const { exports: esbuild } = module;
  if (esbuild === undefined) throw new Error(`${file} exports nothing`);
  await esbuild.initialize({ wasmModule: await compileWasm(wasm), worker: false });
  names.refuseReads();
  return { build: esbuild.build, transform: esbuild.transform, show: (files) => names.show(files) };
}

/** Missing in the types of Node. */
function compileWasm(source: Uint8Array): Promise<WebAssembly.Module> {
  const { WebAssembly } = globalThis as typeof globalThis & {
    readonly WebAssembly: { compile(source: Uint8Array): Promise<WebAssembly.Module> };
  };
  return WebAssembly.compile(source);
}

/**
 * Runs at once what esbuild schedules with `setTimeout(f)` for each of its messages. The timer waits a millisecond, and a build has two
 * messages for each import.
 */
function setTimeoutSoon(run: () => void, ms = 0): unknown {
  return ms > 0 ? setTimeout(run, ms) : setImmediate(run);
}
