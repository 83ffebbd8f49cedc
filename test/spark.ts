import { describe } from "vitest";
import { findToolchain, type Toolchain, ToolchainError } from "../context-node/spark/toolchain/mod.ts";

/** Time limit of a test that compiles Scala, in milliseconds: minutes on a loaded machine. */
export const COMPILING_MS = 300_000;

const found = await findOnMachine();
if (found instanceof ToolchainError) console.warn(`Spark is not tested: ${found.message}`);

/**
 * Defines tests that need a real Spark; they obtain it by calling `spark`. They are skipped if Java or Spark is missing; with
 * HEARTH_TEST_SPARK=required the file fails instead.
 */
export function describeSpark(title: string, define: (spark: () => Toolchain) => void): void {
  describe.skipIf(found instanceof ToolchainError)(title, () => define(foundToolchain));
}

function foundToolchain(): Toolchain {
  if (found instanceof ToolchainError) throw found;
  return found;
}

async function findOnMachine(): Promise<Toolchain | ToolchainError> {
  try {
    return await findToolchain({ env: process.env });
  } catch (error) {
    if (!(error instanceof ToolchainError) || process.env["HEARTH_TEST_SPARK"] === "required") throw error;
    return error;
  }
}
