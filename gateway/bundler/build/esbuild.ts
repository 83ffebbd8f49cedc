import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { setFlagsFromString } from "node:v8";
import { compileFunction } from "node:vm";
import type EsbuildModule from "esbuild-wasm";
import type { UploadFiles } from "../upload/upload_files.ts";
import { UploadFileSystem } from "./upload_file_system.ts";

/** esbuild as WebAssembly in this process. It builds for one upload at a time. */
export interface Esbuild extends Pick<typeof EsbuildModule, "build" | "transform"> {
  /** Replaces the upload whose names esbuild can list. It sees no other files. */
  show(files: UploadFiles): void;
}

export interface EsbuildSettings {
  /** Receives each line that esbuild writes to its standard error: what a crash of it says. */
  readonly log: (line: string) => void;
  /** Called when esbuild ends, as it does for want of memory. No build that is under way settles then. */
  readonly onExit: () => void;
}

/**
 * V8 optimises a function of WebAssembly after it has run this many bytes. With V8's own figure (13 million) a start costs 2 s more of
 * processor time and up to 60 MB more of memory. It makes uploads of megabytes a third faster, which are rare.
 */
const OPTIMISE_AFTER_BYTES = 1_000_000_000;

/**
 * Starts esbuild; resolves when it can build. A process can hold one. WebAssembly is handed what stands in `reachable`: no disk, network,
 * process or environment is among it.
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
  // Go's runtime warns of its exit, and of timers that were late.
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

/** The types of Node lack it. */
function compileWasm(source: Uint8Array): Promise<WebAssembly.Module> {
  const { WebAssembly } = globalThis as typeof globalThis & {
    readonly WebAssembly: { compile(source: Uint8Array): Promise<WebAssembly.Module> };
  };
  return WebAssembly.compile(source);
}

/** esbuild passes each of its messages on with `setTimeout(f)`, which waits a millisecond; a build has two for each import. */
function setTimeoutSoon(run: () => void, ms = 0): unknown {
  return ms > 0 ? setTimeout(run, ms) : setImmediate(run);
}
