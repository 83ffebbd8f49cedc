import { randomBytes, randomUUID } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

const FILE = "callback-secret";

/** Reads the secret in the data directory, or creates it. Gateways that start together agree on one. */
export async function openSecret(dataDir: string): Promise<string> {
  const path = join(dataDir, FILE);
  const existing = await readFile(path, "utf8").catch(undefinedWhenAbsent);
  if (existing !== undefined) return existing.trim();
  await mkdir(dataDir, { recursive: true });
  const temporary = join(dataDir, `${FILE}-${randomUUID()}`);
  await writeFile(temporary, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600, flag: "wx", flush: true });
  try {
    // Unlike a rename, a link does not replace the file of another gateway.
    await link(temporary, path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  } finally {
    await rm(temporary);
  }
  return (await readFile(path, "utf8")).trim();
}

function undefinedWhenAbsent(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}
