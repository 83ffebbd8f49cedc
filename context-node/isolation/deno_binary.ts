import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { arch, platform } from "node:process";

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
