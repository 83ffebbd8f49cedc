import { execFile } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

/** Libraries that the C library loads by name to resolve host names, if separate (before glibc 2.34). */
const NAME_SERVICE_LIBRARIES = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"];

/** The files that the dynamic loader maps to run a program, itself included, by the paths that it looks for. */
export async function sharedLibrariesOf(file: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)(file, [], { env: { LD_TRACE_LOADED_OBJECTS: "1" } });
  return [...stdout.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x/gm)].flatMap(([, path]) =>
    path === undefined ? [] : [path],
  );
}

/** Further files for a program with network. */
export function nameServiceLibraries(libraries: readonly string[]): string[] {
  const libc = libraries.find((path) => path.includes("/libc.so."));
  if (libc === undefined) return [];
  const folders = new Set([dirname(libc), dirname(realpathSync(libc))]);
  return [...folders].flatMap((folder) =>
    NAME_SERVICE_LIBRARIES.map((name) => join(folder, name)).filter((path) => existsSync(path)),
  );
}
