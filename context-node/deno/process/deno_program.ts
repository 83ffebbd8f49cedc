import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
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
