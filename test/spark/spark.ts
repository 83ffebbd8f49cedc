import { beforeAll, describe } from "vitest";
import { installSpark } from "../../context-node/spark/install/mod.ts";
import { startRealSpark } from "../../context-node/spark/testing/real_spark.ts";
import { findToolchain, type Toolchain } from "../../context-node/spark/toolchain/mod.ts";
import { findMissing } from "./missing.ts";

/** Time limit of a test that compiles Scala, in milliseconds: minutes on a loaded machine. */
export const COMPILING_MS = 300_000;

/** Time to download and unpack Spark, to compile for it and to wait for others who do, in milliseconds. */
const OBTAINING_MS = 600_000;

interface SparkTests {
  /** Such as `3.5`. Default: the Spark in SPARK_HOME, else the newest. */
  readonly version?: string | undefined;
}

const missing = await findMissing();
if (missing !== undefined && process.env["HEARTH_TEST_SPARK"] === "required") throw missing;

/**
 * Defines tests that need a real Spark, which is installed into the user's cache before the first of them; they obtain it by calling `spark`.
 * They are skipped where Java is missing, or pip to fetch Spark; with HEARTH_TEST_SPARK=required the file fails instead.
 */
export function describeSpark(
  title: string,
  define: (spark: () => Toolchain) => void,
  { version }: SparkTests = {},
): void {
  describe.skipIf(missing !== undefined)(title, () => {
    let toolchain: Toolchain | undefined;
    beforeAll(async () => {
      toolchain = await obtain(version);
    }, OBTAINING_MS);
    define(() => {
      if (toolchain === undefined) throw new Error("Spark is there when the tests run, not when they are defined");
      return toolchain;
    });
  });
}

async function obtain(version: string | undefined): Promise<Toolchain> {
  const { env } = process;
  const isGiven = version === undefined && env["SPARK_HOME"] !== undefined;
  const home = isGiven ? undefined : await installSpark({ version, env, log: () => {} });
  const toolchain = await findToolchain({ home, env });
  // Drivers start in half of the time from then on, which pays where there are many of them.
  if (version === undefined) {
    await using spark = await startRealSpark(toolchain);
    await spark.runtime.prepare();
  }
  return toolchain;
}
