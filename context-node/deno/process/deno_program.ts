import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { arch, platform } from "node:process";
import { fileURLToPath } from "node:url";
import { type BuildOptions, buildSync } from "esbuild";

/** What a sandbox process runs, built once by each runtime. */
export interface SandboxProgram {
  /** Path of the module of the main isolate: one file, without imports but of Node's modules. */
  readonly mainModule: string;
  /**
   * The executor as one module. A worker without permissions may not read files, so its program is handed to it as text, and text has no
   * neighbors to import.
   */
  readonly executorCode: string;
}

/** Builds both programs; the main module goes to `folder`. */
export async function buildSandboxProgram(folder: string): Promise<SandboxProgram> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const mainModule = join(folder, "main.js");
  await writeFile(mainModule, bundleModule(new URL("../sandbox/main.ts", import.meta.url)));
  return { mainModule, executorCode: bundleModule(new URL("../sandbox/executor.ts", import.meta.url)) };
}

/** A module and all that it imports, as one; imports of Node's modules stay. */
export function bundleModule(module: URL, options: Pick<BuildOptions, "logLevel"> = {}): string {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(module)],
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "esnext",
    external: ["node:*"],
    tsconfigRaw: {},
    ...options,
  });
  return outputFiles.map(({ text }) => text).join("");
}

/**
 * The path of the Deno binary in the npm package `deno`, where no script wraps it.
 * Throws when the package has none for this machine.
 */
export function findDeno(): string {
  const require = createRequire(createRequire(import.meta.url).resolve("deno/package.json"));
  const libc = platform === "linux" ? "-glibc" : "";
  const executable = platform === "win32" ? "deno.exe" : "deno";
  return join(dirname(require.resolve(`@deno/${platform}-${arch}${libc}/package.json`)), executable);
}
