import { join } from "node:path";
import { openDebianArchive } from "./debian.ts";

/** Unpacks Debian's nats-server package into a directory and answers the path of its binary. Rejects where there is none. */
export async function unpackDebianPackage(
  directory: string,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<string> {
  const archive = await openDebianArchive(directory, { signal });
  const root = await archive.unpack(["nats-server"]);
  return join(root, "usr", "sbin", "nats-server");
}
