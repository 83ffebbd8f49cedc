import { execFile } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The packages of this machine's apt sources. Installs nothing and starts no service. */
export interface DebianArchive {
  /** Names of packages that match a regular expression. */
  search(pattern: string): Promise<string[]>;
  /** Unpacks packages and resolves to the directory that corresponds to `/`. apt verifies their signatures. */
  unpack(names: readonly string[]): Promise<string>;
}

/** Downloads the package lists into a directory. Rejects if there is no apt or the sources are unreachable. */
export async function openDebianArchive(
  directory: string,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<DebianArchive> {
  // Private package lists and cache: they need no root, do not change the system's, and are up to date.
  const lists = join(directory, "lists");
  const cache = join(directory, "cache");
  await mkdir(join(lists, "partial"), { recursive: true });
  await mkdir(join(cache, "archives", "partial"), { recursive: true });
  const settings = [
    `Dir::State::lists=${lists}`,
    `Dir::Cache=${cache}`,
    "APT::Sandbox::User=",
    "Acquire::Languages=none",
  ];
  const apt = ["-q", ...settings.flatMap((setting) => ["-o", setting])];
  const options = { cwd: directory, signal, timeout: 180_000 };
  await run("apt-get", [...apt, "update"], options);

  return {
    async search(pattern) {
      const { stdout } = await run("apt-cache", [...apt, "search", "--names-only", pattern], options);
      return stdout.split("\n").flatMap((line) => line.split(" ", 1).filter((name) => name !== ""));
    },
    async unpack(names) {
      await run("apt-get", [...apt, "download", ...names], options);
      const archives = (await readdir(directory)).filter((name) => name.endsWith(".deb"));
      if (archives.length < names.length) throw new Error(`apt-get did not download all of ${names.join(", ")}`);
      for (const archive of archives) await run("dpkg-deb", ["-x", archive, "root"], options);
      return join(directory, "root");
    },
  };
}
