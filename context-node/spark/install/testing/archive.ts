import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { type Header, pack } from "tar-stream";
import type { SparkDistribution } from "../versions.ts";

/** A header of tar; all fields but the name have defaults. */
export type EntryHeader = Pick<Header, "name"> & Partial<Header>;

const VERSION = "4.9.9";

/** An archive in the layout of pyspark's, and its description. */
export interface TestArchive {
  readonly distribution: SparkDistribution;
  readonly content: Buffer;
}

/** Entries that belong to a Spark, and two that the installation leaves out. */
export const SMALL_SPARK: readonly (readonly [EntryHeader, string?])[] = [
  [{ name: `pyspark-${VERSION}/deps/bin/spark-submit`, mode: 0o775 }, "#!/bin/sh\n"],
  [{ name: `pyspark-${VERSION}/deps/jars/spark-core_2.13-${VERSION}.jar`, mode: 0o666 }, "core"],
  [{ name: `pyspark-${VERSION}/deps/sbin/spark-daemon.sh`, mode: 0o755 }, "#!/bin/sh\n"],
  [{ name: `pyspark-${VERSION}/deps/examples/x.py` }, "left out"],
  [{ name: `pyspark-${VERSION}/setup.py` }, "left out"],
];

export async function createArchive(entries: readonly (readonly [EntryHeader, string?])[]): Promise<TestArchive> {
  const tar = pack();
  for (const [header, content] of entries) tar.entry(header, content ?? "");
  tar.finalize();
  const content = gzipSync(await buffer(tar));
  const sha256 = createHash("sha256").update(content).digest("hex");
  return {
    distribution: { version: VERSION, archive: `pyspark-${VERSION}.tar.gz`, sha256, sizeBytes: content.length },
    content,
  };
}
