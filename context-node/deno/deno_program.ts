import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { arch, platform } from "node:process";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const MAIN_MODULE = fileURLToPath(new URL("./sandbox/main.ts", import.meta.url));

const EXECUTOR_MODULE = fileURLToPath(new URL("./sandbox/executor.ts", import.meta.url));

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

/**
 * The executor as one module. A worker without permissions may not read files, so its program is handed to it as text,
 * and text has no neighbours to import.
 */
export function buildExecutor(): string {
  return buildModule(EXECUTOR_MODULE);
}

/** The program of the main isolate as one module: it runs where no other file of ours is to be read. */
export function buildMain(): string {
  return buildModule(MAIN_MODULE);
}

function buildModule(entryPoint: string): string {
  const { outputFiles } = buildSync({
    entryPoints: [entryPoint],
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "esnext",
    external: ["node:*"],
    tsconfigRaw: {},
  });
  return outputFiles.map(({ text }) => text).join("");
}
