import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, buildSync } from "esbuild";

/** The code of a sandbox process, built once per runtime. */
export interface SandboxProgram {
  /** Path of the main isolate's module: one file that imports only Node's modules. */
  readonly mainModule: string;
  /**
   * Source of the executor, as one module. A worker without permissions cannot read files, so it gets its program as text, which cannot
   * import files.
   */
  readonly executorCode: string;
}

/** Builds both programs, and writes the main module to `folder`. */
export async function buildSandboxProgram(folder: string): Promise<SandboxProgram> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const mainModule = join(folder, "main.js");
  await writeFile(mainModule, bundleModule(new URL("../sandbox/main.ts", import.meta.url)));
  return { mainModule, executorCode: bundleModule(new URL("../sandbox/executor.ts", import.meta.url)) };
}

/** Bundles a module and its imports into one module. Imports of Node's modules remain. */
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
