import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { ToolchainError } from "./error.ts";

/** Environment variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The user's folder for installed Sparks, libraries and compiled jars: `~/.cache/hearth/spark`. It may not exist yet. */
export function sparkCache(env: Environment): string {
  const { XDG_CACHE_HOME: cache, HOME: home } = env;
  // The XDG specification ignores relative paths.
  if (cache !== undefined && isAbsolute(cache)) return join(cache, "hearth", "spark");
  return join(home === undefined || home === "" ? homedir() : home, ".cache", "hearth", "spark");
}

/** The error for a folder in the cache that cannot be created, read or written. */
export function cacheUnusable(folder: string, cause: unknown): ToolchainError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const reason = code === "ENOSPC" ? "the disk is full; free some space" : message;
  return new ToolchainError(
    "CACHE_UNUSABLE",
    `Cannot use the cache ${folder}: ${reason}. XDG_CACHE_HOME moves it to another folder`,
    { cause },
  );
}
