import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Environment, sparkCache } from "./cache.ts";
import { ToolchainError } from "./error.ts";

/** Maven Central. HEARTH_MAVEN names a mirror of the same layout. */
const MAVEN_CENTRAL = "https://repo1.maven.org/maven2";

/** A mirror that does not send a jar, of sixty megabytes at most, in this time does not work. */
const DOWNLOAD_MS = 120_000;

/** A jar of Maven Central. */
export interface MavenJar {
  /** In the repository: `com/typesafe/config/1.4.3/config-1.4.3.jar`. */
  readonly path: string;
  readonly sha256: string;
}

/** Path of the jar in the user's cache, which is filled from Maven. Rejects with a ToolchainError. */
export async function mavenJar(
  jar: MavenJar,
  { env, signal }: { readonly env: Environment; readonly signal?: AbortSignal | undefined },
): Promise<string> {
  const folder = join(sparkCache(env), "libraries");
  const file = join(folder, basename(jar.path));
  const [kept] = await Promise.allSettled([readFile(file)]);
  if (kept.status === "fulfilled" && digestOf(kept.value) === jar.sha256) return file;
  const url = `${(env["HEARTH_MAVEN"] ?? MAVEN_CENTRAL).replace(/\/+$/, "")}/${jar.path}`;
  const content = await download(url, signal);
  if (digestOf(content) !== jar.sha256) {
    throw unavailable(url, `it has the SHA-256 ${digestOf(content)}, and needed is ${jar.sha256}`);
  }
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, content, { flag: "wx" });
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
  return file;
}

async function download(url: string, signal: AbortSignal | undefined): Promise<Buffer> {
  const timeout = AbortSignal.timeout(DOWNLOAD_MS);
  try {
    const response = await fetch(url, { signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]) });
    if (!response.ok) throw new Error(`the answer is ${response.status} ${response.statusText}`);
    return Buffer.from(await response.arrayBuffer());
  } catch (cause) {
    signal?.throwIfAborted();
    const { message, cause: reason } = cause as Error;
    throw unavailable(url, reason instanceof Error ? reason.message : message, cause);
  }
}

function unavailable(url: string, reason: string, cause?: unknown): ToolchainError {
  return new ToolchainError(
    "LIBRARY_UNAVAILABLE",
    `Cannot get ${url}: ${reason}; set HEARTH_MAVEN to a mirror of Maven Central that this machine reaches, or name the jar in the configuration`,
    { cause },
  );
}

function digestOf(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
