import { findPip } from "../../context-node/spark/install/mod.ts";
import { findJava, findSpark, ToolchainError } from "../../context-node/spark/toolchain/mod.ts";

/** What the tests need and this machine lacks; undefined if they can run. */
export async function findMissing(): Promise<ToolchainError | undefined> {
  const { env } = process;
  try {
    await findJava({ env });
    const [spark] = await Promise.allSettled([findSpark({ env })]);
    if (spark.status === "rejected") await findPip(env);
    return undefined;
  } catch (error) {
    if (error instanceof ToolchainError) return error;
    throw error;
  }
}
