/**
 * Reads uploaded jars without running anything of them: checks the archive, finds the classes that are jobs for spark-jobserver's API, and the
 * versions of Scala and Java that they need. Uploads are not trusted: they are read in threads, with bounds on all that they cost.
 */
export { JarError } from "./jar_error.ts";
export { createJarReader, type JarReader, type JarReaderSettings } from "./jar_reader.ts";
export { DEFAULT_LIMITS, type JarLimits } from "./limits.ts";
export type { JarContents } from "./read_jar.ts";
