import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import { ToolchainError } from "../toolchain/mod.ts";
import type { SparkDistribution } from "./versions.ts";

/** What a Spark consists of, below `pyspark-<version>/deps/`: examples, data and licenses are not needed. */
const PARTS = /^[^/]+\/deps\/(?<path>(bin|jars|sbin)\/.+)$/;

const EXECUTABLE = 0o111;

/**
 * Unpacks the programs and jars of Spark from an archive into a folder. Checks the digest of the archive as it reads it: if this rejects,
 * discard the folder.
 */
export async function unpackDistribution(
  { version, sha256 }: SparkDistribution,
  { archive, folder, signal }: { archive: string; folder: string; signal?: AbortSignal | undefined },
): Promise<void> {
  const hash = createHash("sha256");
  const tar = extract();
  const hashed = new PassThrough({
    transform(chunk, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const unpacking = pipeline(createReadStream(archive), hashed, createGunzip(), tar, { signal });
  await Promise.all([unpacking, writeEntries(tar, folder)]);
  const found = hash.digest("hex");
  if (found === sha256) return;
  throw new ToolchainError(
    "INSTALLATION_FAILED",
    `Cannot install Spark ${version}: the SHA-256 of ${archive} is ${found}, expected ${sha256}; run \`npm run spark:install\` again`,
  );
}

async function writeEntries(tar: ReturnType<typeof extract>, folder: string): Promise<void> {
  for await (const entry of tar) {
    const { name, type, mode = 0 } = entry.header;
    const path = PARTS.exec(name)?.groups?.["path"];
    if (path === undefined || type === "directory") {
      entry.resume();
      continue;
    }
    if (type !== "file" || path.split("/").includes(".."))
      throw new Error(`the archive has an unexpected ${type} ${name}`);
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, entry as AsyncIterable<Uint8Array>, {
      flag: "wx",
      mode: (mode & EXECUTABLE) === 0 ? 0o644 : 0o755,
    });
  }
}
