import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** Environment variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The user's folder for Sparks, libraries and compiled drivers: `~/.cache/hearth/spark`. It may not exist yet. */
export function sparkCache(env: Environment): string {
  const { XDG_CACHE_HOME: cache, HOME: home } = env;
  // The XDG specification has relative paths ignored.
  if (cache !== undefined && isAbsolute(cache)) return join(cache, "hearth", "spark");
  return join(home === undefined || home === "" ? homedir() : home, ".cache", "hearth", "spark");
}
