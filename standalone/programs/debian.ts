import { execFile } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The packages that this machine's apt knows. Nothing is ever installed and no service started. */
export interface DebianArchive {
  /** Names of packages that match a regular expression. */
  search(pattern: string): Promise<string[]>;
  /** Unpacks packages and answers the directory that stands for `/`. apt checks their signature chain. */
  unpack(names: readonly string[]): Promise<string>;
}

/** Reads the package lists into a directory. Rejects where there is no apt, or nothing can be reached. */
export async function openDebianArchive(
  directory: string,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<DebianArchive> {
  // Package lists and cache of our own: works without root, leaves the system's alone, and is never out of date.
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
      if (archives.length < names.length) throw new Error(`apt-get downloaded not all of ${names.join(", ")}`);
      for (const archive of archives) await run("dpkg-deb", ["-x", archive, "root"], options);
      return join(directory, "root");
    },
  };
}
