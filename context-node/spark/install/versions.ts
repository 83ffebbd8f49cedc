import { ToolchainError } from "../toolchain/mod.ts";

/** A source distribution of pyspark on PyPI. It contains Spark's own programs and jars. */
export interface SparkDistribution {
  readonly version: string;
  readonly archive: string;
  readonly sha256: string;
  /** Size of the archive. The unpacked files are about as large. */
  readonly sizeBytes: number;
}

/** Newest first. */
const DISTRIBUTIONS: readonly SparkDistribution[] = [
  {
    version: "4.3.0",
    archive: "pyspark-4.3.0.tar.gz",
    sha256: "e8c517948eff7088a7aa07449aa8eafa4a15a8d50319de2525a6fd26622476c6",
    sizeBytes: 455_910_862,
  },
  {
    version: "3.5.9",
    archive: "pyspark-3.5.9.tar.gz",
    sha256: "ea27adc39ddac9413b8951e45aa748cbed6c785971b81386efc41938f6243d93",
    sizeBytes: 317_858_593,
  },
];

/** The versions that can be installed, newest first. */
export const SPARK_VERSIONS: readonly string[] = DISTRIBUTIONS.map(({ version }) => version);

/** The newest whose version is `wanted` or starts with it: `3.5` is 3.5.9. Without one, the newest of all. */
export function chooseDistribution(wanted: string | undefined): SparkDistribution {
  const found = DISTRIBUTIONS.find(
    ({ version }) => wanted === undefined || version === wanted || version.startsWith(`${wanted}.`),
  );
  if (found !== undefined) return found;
  throw new ToolchainError(
    "SPARK_UNSUPPORTED",
    `Cannot install Spark "${wanted}": the available versions are ${SPARK_VERSIONS.join(" and ")}; download other versions from https://spark.apache.org/downloads.html and set SPARK_HOME`,
  );
}
