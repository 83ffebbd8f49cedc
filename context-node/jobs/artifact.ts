import { type RunJob, RuntimeName } from "../../proto/node.ts";
import type { BlobLease } from "../blobs/mod.ts";
import type { Artifact, Jar } from "../runtime/mod.ts";

interface ArtifactDeps {
  readonly blobs: Pick<BlobLease, "text" | "open">;
  readonly maxResultBytes: number;
}

/** Largest part of a result for what is not a row, in bytes: the schema and the last line. */
const MOST_ROOM_BYTES = 1024 * 1024;

/** The artifact of a job, fetched on demand. The rows of a query fit a result. */
export function artifactOf(command: RunJob, { blobs, maxResultBytes }: ArtifactDeps): Artifact {
  const { runtime, binary, classPath, artifactDigest, sourceMapDigest, sql } = command;
  if (sql !== undefined) {
    const mostBytes = Math.ceil(maxResultBytes - Math.min(MOST_ROOM_BYTES, maxResultBytes / 4));
    return { type: "sql", query: { ...sql, maxBytes: Math.min(sql.maxBytes || mostBytes, mostBytes) } };
  }
  if (runtime === RuntimeName.SPARK) {
    const jar = (name: string, digest: string): Jar => ({ name, digest, open: () => blobs.open(digest) });
    const libraries = classPath.map(({ name, digest }) => jar(name, digest));
    return { type: "jars", jars: [...libraries, jar(binary, artifactDigest)] };
  }
  return {
    type: "module",
    code: () => blobs.text(artifactDigest),
    sourceMap: () => blobs.text(sourceMapDigest),
  };
}
