import { describe } from "vitest";
import { findToolchain, type Toolchain, ToolchainError } from "../context-node/spark/toolchain/mod.ts";

const found = await findOnMachine();
if (found instanceof ToolchainError) console.warn(`Spark is not tested: ${found.message}`);

/**
 * Tests on a real Spark, which they get by calling what `define` is given. Skipped where there is no Java or Spark; with
 * HEARTH_TEST_SPARK=required their absence fails the file instead.
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
