/**
 * Reads uploaded jars without running them: checks the archive, and finds the classes that are jobs for spark-jobserver's API, and the
 * versions of Scala and Java that they need. Uploads are not trusted: they are read in threads, with limits on all costs.
 */
export { JarError } from "./jar_entries.ts";
export { DEFAULT_LIMITS } from "./jar_limits.ts";
export { createJarReader, type JarReader } from "./jar_reader.ts";
