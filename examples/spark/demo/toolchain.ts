import { installSpark } from "../../../context-node/spark/install/mod.ts";
import {
  findToolchain,
  type Toolchain,
  ToolchainError,
  type ToolchainOptions,
} from "../../../context-node/spark/toolchain/mod.ts";

/** Finds Java and Spark, and installs Spark into the user's cache if it is missing. Rejects with a ToolchainError. */
export async function getToolchain(
  options: Omit<ToolchainOptions, "home"> & { log: (line: string) => void },
): Promise<Toolchain> {
  const [found] = await Promise.allSettled([findToolchain(options)]);
  if (found.status === "fulfilled") return found.value;
  const { reason } = found;
  if (!(reason instanceof ToolchainError) || reason.problem !== "SPARK_MISSING") throw reason;
  const home = await installSpark(options);
  return await findToolchain({ ...options, home });
}
