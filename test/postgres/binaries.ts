import { execFile } from "node:child_process";
import { access, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";
import { openDebianArchive } from "../../standalone/programs/debian.ts";

/** Where Debian and its kin keep them, one folder a version, not on PATH. */
const DEBIAN_FOLDER = "/usr/lib/postgresql";

/** In the repository, ignored by git. */
const CACHE_DIR = resolve(import.meta.dirname, "../../.hearth/postgres");

/** A folder with `initdb` and `postgres`, and what their environment needs beside the usual. */
export interface PostgresBinaries {
  readonly binDir: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Finds the server's binaries on this machine, or unpacks Debian's package into `.hearth`. Rejects, saying what is missing, when
 * there are none to be had. `HEARTH_POSTGRES_BIN` names their folder and ends the search.
 */
export async function findPostgres(): Promise<PostgresBinaries> {
  const told = process.env.HEARTH_POSTGRES_BIN;
  const folders = told === undefined ? [...(await versionsIn(DEBIAN_FOLDER)), ...pathFolders()] : [told];
  for (const binDir of folders) if (await hasServer(binDir)) return { binDir, env: {} };
  if (told !== undefined) throw new Error(`Cannot find PostgreSQL: ${told} has no initdb and postgres that run`);
  return (await unpackedIn(CACHE_DIR)) ?? (await fetchServer());
}

async function fetchServer(): Promise<PostgresBinaries> {
  await mkdir(CACHE_DIR, { recursive: true });
  const directory = await mkdtemp(join(CACHE_DIR, "fetch-"));
  try {
    const archive = await openDebianArchive(directory);
    const servers = (await archive.search("^postgresql-[0-9]+$")).sort();
    const newest = servers.at(-1);
    if (newest === undefined) throw new Error("Debian's archive has no PostgreSQL server");
    const root = await archive.unpack([newest, "libpq5"]);
    // Another process may have been faster, and run what it unpacked.
    if ((await unpackedIn(CACHE_DIR)) === undefined) {
      await rm(join(CACHE_DIR, "root"), { recursive: true, force: true });
      await rename(root, join(CACHE_DIR, "root"));
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.trim().split("\n").slice(0, 3).join(" · ") : String(cause);
    throw new Error(
      `Cannot find PostgreSQL: no server in ${DEBIAN_FOLDER} or on PATH, and Debian's package could not be fetched (${reason}). Install the package "postgresql" (psql alone is only a client), or set HEARTH_POSTGRES_BIN to the folder of initdb and postgres.`,
      { cause },
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  const fetched = await unpackedIn(CACHE_DIR);
  if (!fetched) throw new Error("Cannot run the PostgreSQL of Debian's package: it needs libraries that are not here");
  return fetched;
}

async function unpackedIn(cacheDir: string): Promise<PostgresBinaries | undefined> {
  const root = join(cacheDir, "root");
  const libraries = (await filesIn(join(root, "usr", "lib"))).map((folder) => join(root, "usr", "lib", folder));
  const env = { LD_LIBRARY_PATH: libraries.join(delimiter) };
  for (const binDir of await versionsIn(join(root, DEBIAN_FOLDER))) {
    if (await hasServer(binDir, env)) return { binDir, env };
  }
  return undefined;
}

/** The newest first. */
async function versionsIn(folder: string): Promise<string[]> {
  const versions = (await filesIn(folder)).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(folder, version, "bin"));
}

function pathFolders(): string[] {
  return (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
}

async function hasServer(binDir: string, env: Readonly<Record<string, string>> = {}): Promise<boolean> {
  const answers = ["initdb", "postgres"].map(async (name) => {
    await access(join(binDir, name));
    await promisify(execFile)(join(binDir, name), ["--version"], { env: { ...process.env, ...env } });
  });
  return (await Promise.allSettled(answers)).every(({ status }) => status === "fulfilled");
}

/** None for a folder that is not there. */
async function filesIn(folder: string): Promise<string[]> {
  const [files] = await Promise.allSettled([readdir(folder)]);
  return files.status === "fulfilled" ? files.value : [];
}
