import { type RunJob, RuntimeName } from "../../proto/node.ts";
import type { BlobLease } from "../blobs/mod.ts";
import type { Artifact, Jar } from "../runtime/mod.ts";

/** What a job runs, whose contents are fetched when they are asked for. */
export function artifactOf(command: RunJob, blobs: Pick<BlobLease, "text" | "open">): Artifact {
  const { runtime, binary, classPath, artifactDigest, sourceMapDigest, sql } = command;
  if (sql !== undefined) return { type: "sql", query: sql };
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
