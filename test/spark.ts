import { describe } from "vitest";
import { findToolchain, type Toolchain, ToolchainError } from "../context-node/spark/toolchain/mod.ts";

/** Time limit of a test that compiles Scala, in milliseconds: minutes on a loaded machine. */
export const COMPILING_MS = 300_000;

type DescribeSpark = (title: string, define: (spark: () => Toolchain) => void) => void;

/**
 * Defines tests that need a real Spark; they obtain it by calling `spark`. They are skipped if Java or Spark is missing; with
 * HEARTH_TEST_SPARK=required the file fails instead.
 */
export const describeSpark: DescribeSpark = describeWith(await findOnMachine());

export function describeWith(found: Toolchain | ToolchainError): DescribeSpark {
  if (found instanceof ToolchainError) console.warn(`Spark is not tested: ${found.message}`);
  const foundToolchain = (): Toolchain => {
    if (found instanceof ToolchainError) throw found;
    return found;
  };
  return (title, define) => {
    describe.skipIf(found instanceof ToolchainError)(title, () => define(foundToolchain));
  };
}

/** Resolves to the error when Java, Spark or a library is missing; rejects with it if they are required. */
export async function findOnMachine(home?: string): Promise<Toolchain | ToolchainError> {
  try {
    return await findToolchain({ home, env: process.env });
  } catch (error) {
    if (!(error instanceof ToolchainError) || process.env["HEARTH_TEST_SPARK"] === "required") throw error;
    return error;
  }
}
