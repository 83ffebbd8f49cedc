import type { ClassHeader } from "./class_file.ts";
import type { JobClass } from "./job_traits.ts";

/** The versions that a jar was compiled for. */
export interface JarVersions {
  /** `2.12` or `2.13` (also for Scala 3, which uses its library), `2.11` for that and older ones; empty if unknown. */
  readonly scalaVersion: string;
  /** Minimum Java version of the classes: 8, 11, 17; 0 for a jar without classes. */
  readonly javaVersion: number;
}

/** Evidence of a Scala version outside of class files. */
export interface ScalaSigns {
  /** Names of the artifacts in the jar, as Maven stores them: `job-server-api_2.12`. */
  readonly artifacts: readonly string[];
  /** Names of classes with a TASTy file of Scala 3, without the extension. */
  readonly tasty: ReadonlySet<string>;
}

/** Class file version of Java 1.0 minus one: Java 8 writes 52. */
const JAVA_ZERO = 44;
const JAVA_8 = 52;

/**
 * The versions that the jobs of a jar need. For a jar without jobs: the Scala version of most classes, and the newest Java version. Bundled
 * libraries may be newer than what the jobs use.
 */
export function findVersions(
  classes: ReadonlyMap<string, ClassHeader>,
  jobs: readonly JobClass[],
  signs: ScalaSigns,
): JarVersions {
  const decisive = jobs.length > 0 ? jobs.map(({ header }) => header) : [...classes.values()];
  const newest = decisive.reduce((highest, { majorVersion }) => Math.max(highest, majorVersion), 0);
  const scalaVersion =
    mostCommon(jobs.map(({ header }) => scalaVersionOf(header, classes, signs))) ||
    mostCommon([...classes.values()].map((header) => scalaVersionOf(header, classes, signs))) ||
    mostCommon(signs.artifacts.map((name) => /_(2\.1[0-3])$/.exec(name)?.[1] ?? ""));
  return { scalaVersion, javaVersion: newest === 0 ? 0 : Math.max(newest - JAVA_ZERO, 1) };
}

/** Number of classes for each Scala version. */
export function countScalaVersions(
  classes: ReadonlyMap<string, ClassHeader>,
  signs: ScalaSigns,
): ReadonlyMap<string, number> {
  return count([...classes.values()].map((header) => scalaVersionOf(header, classes, signs)));
}

/** The signature of an object is in its companion class. */
function scalaVersionOf(header: ClassHeader, classes: ReadonlyMap<string, ClassHeader>, { tasty }: ScalaSigns): string {
  const outer = header.name.replace(/\$$/, "");
  if (tasty.has(outer)) return "2.13";
  switch (header.signatureMinor ?? classes.get(outer)?.signatureMinor) {
    case 2:
      return "2.13";
    case 0:
      return header.majorVersion < JAVA_8 ? "2.11" : "2.12";
    default:
      return "";
  }
}

function mostCommon(versions: readonly string[]): string {
  const [first] = [...count(versions)].sort(([, a], [, b]) => b - a);
  return first?.[0] ?? "";
}

function count(versions: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const version of versions) {
    if (version !== "") counts.set(version, (counts.get(version) ?? 0) + 1);
  }
  return counts;
}
