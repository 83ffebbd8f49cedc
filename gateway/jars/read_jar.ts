import { JarError, readEntries } from "./jar_entries.ts";
import type { JarLimits } from "./jar_limits.ts";
import { findJobClasses } from "./job_traits.ts";
import { findVersions, type JarVersions } from "./versions.ts";
import { listWarnings } from "./warnings.ts";

/** The content of a jar that matters for running it. */
export interface JarContents extends JarVersions {
  /** Full names of the job classes and objects, sorted. */
  readonly entryPoints: readonly string[];
  /** Warnings for the author. */
  readonly warnings: readonly string[];
}

/** Reads a jar, with only the headers of its classes, and runs nothing. Throws a JarError. */
export function readJar(content: Uint8Array, limits: JarLimits): JarContents {
  const jar = readEntries(content, limits);
  const jobs = findJobClasses(jar.classes);
  const entryPoints = jobs.map(({ entryPoint }) => entryPoint);
  if (entryPoints.length > limits.entryPoints) {
    throw new JarError(
      `The jar has ${entryPoints.length} jobs, more than ${limits.entryPoints}: divide it, or upload it without them`,
    );
  }
  const versions = findVersions(jar.classes, jobs, jar.signs);
  return { entryPoints, ...versions, warnings: listWarnings(jar, { entryPoints, versions, most: limits.warnings }) };
}
