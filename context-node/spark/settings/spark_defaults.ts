import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Spark, ToolchainError } from "../toolchain/mod.ts";

/** `spark.name value`, `spark.name=value` or `spark.name: value`, as Java reads properties. */
const ENTRY = /^\s*(?<name>spark\.[^\s=:]+)(?:\s*[=:]\s*|\s+)(?<value>.*\S)\s*$/;

/** Reads `conf/spark-defaults.conf`, which only `spark-submit` reads by itself. Resolves to no settings if the file does not exist. Rejects with a ToolchainError. */
export async function readSparkDefaults(
  { home }: Pick<Spark, "home">,
  { SPARK_CONF_DIR: folder = join(home, "conf") }: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const path = join(folder, "spark-defaults.conf");
  return parseSparkDefaults(await readIfThere(path));
}

export function parseSparkDefaults(text: string): Record<string, string> {
  const entries = text.split("\n").flatMap((line) => {
    const { name, value } = ENTRY.exec(line)?.groups ?? {};
    return name === undefined || value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(entries);
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    const message = `Cannot read the settings of Spark in ${path}: ${(error as Error).message}; make it readable for the node`;
    throw new ToolchainError("SPARK_INCOMPLETE", message, { cause: error });
  }
}
