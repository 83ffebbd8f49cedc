import { copyFile, mkdir } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { ToolchainError } from "./error.ts";
import { findToolchain, type Toolchain } from "./find_toolchain.ts";

const DIST = resolve(import.meta.dirname, "../../../dist");

/** What a program builds with Spark's compiler. */
export interface BuildOptions {
  readonly usage: string;
  /** Builds, and copies the jars by `publish`. Returns what the program prints. */
  readonly build: (toolchain: Toolchain, publish: Publish) => Promise<string>;
}

/** Copies a jar into `dist/` under this name. Resolves to its absolute and its relative path. */
export type Publish = (jar: string, name: string) => Promise<{ readonly path: string; readonly shown: string }>;

/** Runs a program that takes `--spark-home` and `--help`. Prints the message of a ToolchainError, and sets the exit code 1. */
export async function runBuild({ usage, build }: BuildOptions): Promise<void> {
  const options = { "spark-home": { type: "string" }, help: { type: "boolean", short: "h" } } as const;
  const { values } = parseArgs({ options });
  if (values.help) return console.log(usage);
  const { "spark-home": home } = values;
  try {
    const toolchain = await findToolchain({ home, env: process.env, log: (line) => console.log(line) });
    console.log(await build(toolchain, publish));
  } catch (error) {
    if (!(error instanceof ToolchainError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

async function publish(jar: string, name: string): ReturnType<Publish> {
  const path = join(DIST, name);
  await mkdir(DIST, { recursive: true });
  await copyFile(jar, path);
  return { path, shown: relative("", path) };
}
