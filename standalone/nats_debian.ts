import { execFile } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Unpacks Debian's nats-server package into a directory and answers the path of its binary. Nothing is installed and no service
 * is started; apt checks the package's signature chain. Rejects where there is no apt, or no such package.
 */
export async function unpackDebianPackage(
  directory: string,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<string> {
  // Package lists and cache of our own: works without root, leaves the system's alone, and is never out of date.
  const lists = join(directory, "lists");
  const cache = join(directory, "cache");
  await mkdir(join(lists, "partial"), { recursive: true });
  await mkdir(join(cache, "archives", "partial"), { recursive: true });
  const apt = ["-q", "-o", `Dir::State::lists=${lists}`, "-o", `Dir::Cache=${cache}`, "-o", "APT::Sandbox::User="];
  const options = { cwd: directory, signal, timeout: 180_000 };

  await run("apt-get", [...apt, "-o", "Acquire::Languages=none", "update"], options);
  await run("apt-get", [...apt, "download", "nats-server"], options);
  const archive = (await readdir(directory)).find((name) => name.endsWith(".deb"));
  if (!archive) throw new Error("apt-get downloaded no nats-server package");
  await run("dpkg-deb", ["-x", archive, "root"], options);
  return join(directory, "root", "usr", "sbin", "nats-server");
}
